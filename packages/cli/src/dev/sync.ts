import type { Clock } from "@rouse/base";
import { type Checks, formatProblem, lookUpKind, pathOf } from "@rouse/resources";
import type { AdminClient } from "../admin/client.ts";
import { located } from "../commands/apply.ts";
import { CliFault } from "../errors.ts";
import { applyObject, inOrder, nameOfObject } from "../manifest/apply.ts";
import { readFiles } from "../manifest/files.ts";
import { type Manifest, readManifest } from "../manifest/manifest.ts";
import { renderFailure } from "../render/failure.ts";
import { type Owned, planProblems, planSync, type SyncPlan } from "./plan.ts";
import { settled } from "./settle.ts";
import { watchTroubles } from "./trouble-watch.ts";

/** What a {@link DevSync} needs. */
export interface DevSyncParts {
  readonly client: AdminClient;
  readonly checks: Checks;
  readonly paths: readonly string[];
  readonly cwd: string;
  readonly namespace: string;
  /** What an earlier run applied. */
  readonly owned: ReadonlyMap<string, Owned>;
  /** Told of what is owned after every change. */
  save(owned: ReadonlyMap<string, Owned>): Promise<void>;
  /** Told of what was done. */
  done(what: string): void;
  /** Told of what is wrong; may have several lines. */
  wrong(what: string): void;
}

/** Keeps the server as the manifests say. Never throws for anything a file, or the server, says. */
export class DevSync {
  private readonly parts: DevSyncParts;
  private readonly owned: Map<string, Owned>;
  private told = new Set<string>();
  private turn: Promise<void> = Promise.resolve();

  constructor(parts: DevSyncParts) {
    this.parts = parts;
    this.owned = new Map(parts.owned);
  }

  /** Waits until the server has taken up what was applied; see {@link settled}. */
  async settle(clock: Clock, signal: AbortSignal): Promise<void> {
    await settled(this.parts.client, [...this.owned.values()], clock, signal).catch((thrown: unknown) => {
      this.parts.wrong(renderFailure(thrown).trimEnd());
    });
  }

  /** Tells of sources and sinks that are not ready, until it is disposed; see {@link watchTroubles}. */
  watchTroubles(clock: Clock): AsyncDisposable {
    const { client, done } = this.parts;
    return watchTroubles({ client, objects: () => this.owned.values(), clock, tell: done });
  }

  /** Reads all files and does what follows; calls are done one after the other. */
  run(): Promise<void> {
    this.turn = this.turn.then(() => this.once());
    return this.turn;
  }

  private async once(): Promise<void> {
    try {
      const manifests = await this.read();
      const plan = planSync(this.owned, manifests);
      this.tell(manifests, plan);
      await this.apply(plan);
      await this.prune(plan);
      await this.parts.save(this.owned);
    } catch (thrown) {
      this.parts.wrong(renderFailure(thrown).trimEnd());
    }
  }

  private async read(): Promise<readonly Manifest[]> {
    const { paths, cwd, checks, namespace } = this.parts;
    const files = await readFiles(paths, { cwd });
    return files.map((file) => readManifest(file, { checks, namespace, cwd, absoluteWorkdir: true }));
  }

  /** What is wrong with the files; the same thing is told once, until it is gone. */
  private tell(manifests: readonly Manifest[], { spared, orphaned }: SyncPlan): void {
    const now: string[] = [];
    for (const each of manifests) {
      if (each.kind === "broken") {
        const rest = `${each.file.shown}: nothing of it was applied; what it declared before stays`;
        now.push([...each.problems.map(formatProblem), rest].join("\n"));
      } else if (each.kind === "empty")
        now.push(`${each.file.shown}:1:1: the file is empty; what it declared before stays`);
      else if (each.kind === "foreign") now.push(`${each.file.shown}: has no apiVersion and is left alone`);
      else if (each.kind === "good") now.push(...each.warnings.map((text) => `warning: ${text}`));
    }
    now.push(...planProblems(manifests).map(formatProblem));
    for (const each of spared) now.push(`${label(each)} is no longer declared; it stays until no file is broken`);
    for (const each of orphaned) {
      const way = `rouse delete ${each.kind.toLowerCase()} ${each.name} -n ${each.namespace}`;
      now.push(`${label(each)} stays though its file is gone; remove it with: ${way}`);
    }
    for (const text of now) if (!this.told.has(text)) this.parts.wrong(text);
    this.told = new Set(now);
  }

  private async apply({ apply }: SyncPlan): Promise<void> {
    const byIdentity = new Map(apply.map((each) => [each.declared, each.owned]));
    for (const declared of inOrder(apply.map((each) => each.declared))) {
      try {
        const { outcome, warnings, object } = await applyObject(this.parts.client, declared);
        const owned = byIdentity.get(declared)!;
        this.owned.set(owned.identity, owned);
        if (outcome !== "unchanged")
          this.parts.done(`${nameOfObject(declared.definition, object.metadata.name)} ${outcome}`);
        // The server says again what admission said here.
        for (const text of warnings) {
          const whole = `warning: ${declared.file.shown}:${declared.source.line}: ${text}`;
          if (!this.told.has(whole)) this.parts.wrong(whole);
          this.told.add(whole);
        }
      } catch (thrown) {
        if (thrown instanceof CliFault && thrown.code === "CLI_UNREACHABLE") throw thrown;
        this.parts.wrong(renderFailure(located(thrown, declared)).trimEnd());
      }
    }
  }

  private async prune({ prune }: SyncPlan): Promise<void> {
    for (const each of prune) {
      const found = lookUpKind(each.apiVersion, each.kind);
      if (found.kind === "found") {
        const path = pathOf(found.definition, each.namespace, each.name);
        const { warnings } = await this.parts.client.call(path, { method: "DELETE" }).catch((thrown: unknown) => {
          if (thrown instanceof CliFault && thrown.code === "CLI_NOT_FOUND") return { warnings: [] };
          throw thrown;
        });
        this.parts.done(`${nameOfObject(found.definition, each.name)} pruned: ${each.file} no longer declares it`);
        for (const text of warnings) this.parts.wrong(`warning: ${text}`);
      }
      this.owned.delete(each.identity);
    }
  }
}

function label({ kind, namespace, name }: Owned): string {
  return `${kind} ${namespace}/${name}`;
}
