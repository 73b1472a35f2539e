import { type Clock, messageOf, type Timer } from "@rouse/base";
import type { ConditionChange, DeliverySpec, Destination, KindDefinition, ResourceObject } from "@rouse/resources";
import type { Sink, Source } from "@rouse/sources";
import type { Logger } from "pino";
import { SecretFault } from "../../secrets/secret-fault.ts";
import { secretProblem } from "../../secrets/secret-problem.ts";
import type { SecretReader } from "../../secrets/secret-reader.ts";
import type { Entry, Json, ObjectId, ResourceType } from "../../store/port.ts";
import type { DestinationResolver, Resolved } from "../destination-resolver.ts";
import { fingerprintOf } from "../fingerprint.ts";
import { objectOf } from "../objects.ts";
import type { OpenBrokers } from "../open-brokers.ts";
import { refersTo } from "../references.ts";
import { fails, holds, type StatusWriter } from "../status-writer.ts";
import { Addressees, firstStop } from "./addressee.ts";
import { brokerSink } from "./broker-sink.ts";

/** An object with a sink. */
export type SourceObject = ResourceObject<{
  readonly sink: Destination;
  readonly delivery?: DeliverySpec | undefined;
}>;

/** What a recipe is told beside the definition. */
export interface OpenPorts {
  readonly sink: Sink;
  /** To be called when there is something new to say; cheap, may be called often. */
  readonly changed: () => void;
  /** True when a source of the same object ran before, with another definition. */
  readonly replaced: boolean;
}

/** What a recipe says of its source. */
export interface SourceWords {
  readonly conditions: readonly ConditionChange[];
  readonly fields: Readonly<Record<string, Json | undefined>>;
}

/** How one kind of source is run: everything that the host does not do for all of them. */
export interface SourceRecipe<O extends SourceObject, D, S extends Source<unknown>> {
  readonly definition: KindDefinition<O>;
  /** What the source runs with; the same value, as JSON, is the same source. Rejects, in words, when something is missing. */
  define(entry: Entry, object: O): D | Promise<D>;
  open(definition: D, ports: OpenPorts): S;
  describe(source: S, definition: D): SourceWords;
  /** Disposes the source of an object that is gone for good, with what it keeps outside; default: disposes it. */
  discard?(source: S): Promise<void>;
}

/** What hosting sources needs. */
export interface HostPorts {
  readonly brokers: OpenBrokers;
  readonly resolver: DestinationResolver;
  readonly statuses: StatusWriter;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly secrets: Pick<SecretReader, "all">;
  /** Told of a target key whose deliveries may go on. */
  readonly changed: (target: string) => void;
  /** Takes values of Secrets out of a text. */
  readonly redact: (text: string) => string;
}

interface Hosted<D, S> {
  readonly form: string;
  readonly definition: D;
  readonly source: S;
}

/** Changes of a running source are written to its status at most this often. */
const statusEveryMs = 2_000;
/**
 * What was reported and is as it was is said again after this: another process that runs the same source may have
 * written what it sees, and the two must not overwrite each other whenever they look.
 */
const saidAgainMs = 60_000;

/** Runs the sources of one kind as the objects say, and keeps their conditions. */
export class SourceHost<O extends SourceObject, D, S extends Source<unknown>> {
  readonly type: ResourceType;
  private readonly hosted = new Map<string, Hosted<D, S>>();
  private readonly entries = new Map<string, { entry: Entry; resolved: Resolved }>();
  private readonly soon = new Map<string, Timer>();
  /** What was reported last, and when. */
  private readonly said = new Map<string, { readonly text: string; readonly at: number }>();
  /** Sources that were replaced or removed and still finish what they have in hand; resolves when all of a name did. */
  private readonly closing = new Map<string, Promise<void>>();
  private readonly addressees: Addressees;
  private started = false;
  private readonly recipe: SourceRecipe<O, D, S>;
  private readonly ports: HostPorts;

  constructor(recipe: SourceRecipe<O, D, S>, ports: HostPorts) {
    this.recipe = recipe;
    this.ports = ports;
    const { group, plural } = recipe.definition;
    this.type = { group, plural };
    this.addressees = new Addressees(ports);
  }

  /** Sources begin; before this they are only prepared, so that nothing comes in while the configuration loads. */
  start(): void {
    this.started = true;
    for (const { source } of this.hosted.values()) source.start();
  }

  /** The running source of a name. */
  find(namespace: string, name: string): { readonly source: S; readonly definition: D } | undefined {
    return this.hosted.get(`${namespace}/${name}`);
  }

  /** True when there is such an object, whether its source runs or not. */
  declared(namespace: string, name: string): boolean {
    return this.entries.has(`${namespace}/${name}`);
  }

  dependsOn(entry: Entry, id: ObjectId): boolean {
    return refersTo(objectOf(entry), entry.id.namespace, id);
  }

  async apply(entry: Entry): Promise<void> {
    const object = objectOf<O>(entry);
    const { namespace } = entry.id;
    const key = keyOf(entry);
    const resolved = this.ports.resolver.resolve(object.spec.sink, namespace);
    this.entries.set(key, { entry, resolved });
    const stop = firstStop(object.spec.sink, namespace);
    try {
      if (!stop.direct) {
        const held = await this.addressees.put(entry, resolved, object.spec.delivery);
        this.entries.set(key, { entry, resolved: held });
      }
      const definition = await this.recipe.define(entry, object);
      const form = fingerprintOf([definition, stop]);
      const before = this.hosted.get(key);
      if (before?.form !== form) {
        if (stop.direct) await this.addressees.redirect(entry, resolved);
        this.retire(key);
        const sink = brokerSink(
          this.ports.brokers,
          {
            ...stop,
            source: { uid: entry.uid, name: `${this.recipe.definition.singular}/${entry.id.name}` },
            addressee: stop.direct ? undefined : entry.uid,
          },
          this.ports.clock,
          this.ports.redact,
        );
        const changed = () => this.reportSoon(key);
        const source = this.recipe.open(definition, { sink, changed, replaced: before !== undefined });
        this.hosted.set(key, { form, definition, source });
        if (this.started) this.startInTurn(key, source);
      }
      this.report(key);
    } catch (failure) {
      this.retire(key);
      this.report(key, problemOf(failure));
    }
  }

  remove(entry: Entry): void {
    const key = keyOf(entry);
    this.entries.delete(key);
    this.said.delete(key);
    this.retire(key, true);
    void Promise.resolve(this.closing.get(key)).then(() => this.addressees.drop(entry));
  }

  /** Stops all sources; each drains within its own deadline. */
  async close(): Promise<void> {
    for (const key of [...this.hosted.keys()]) this.retire(key);
    await Promise.all(this.closing.values());
    for (const timer of this.soon.values()) timer.cancel();
    this.soon.clear();
  }

  /** Returns at once: a source that is slow to close must not hold up what else changed. */
  private retire(key: string, forGood = false): void {
    const gone = this.hosted.get(key);
    if (!gone) return;
    this.hosted.delete(key);
    const { discard } = this.recipe;
    const closing = forGood && discard ? discard(gone.source) : gone.source[Symbol.asyncDispose]();
    const closed = Promise.resolve(closing).catch((failure: unknown) => {
      this.ports.logger.warn({ source: key, reason: messageOf(failure) }, "a source did not close in order");
    });
    const all = Promise.all([this.closing.get(key), closed]).then(() => {
      if (this.closing.get(key) === all) this.closing.delete(key);
    });
    this.closing.set(key, all);
  }

  /** After the one before it has closed: two of one name must not read at the same time. */
  private startInTurn(key: string, source: S): void {
    const earlier = this.closing.get(key);
    if (earlier) {
      void earlier.then(() => {
        if (this.hosted.get(key)?.source === source) source.start();
      });
    } else source.start();
  }

  private reportSoon(key: string): void {
    if (this.soon.has(key)) return;
    const timer = this.ports.clock.setTimer(statusEveryMs, () => {
      this.soon.delete(key);
      // One that was stopped has changed, too; why it was is said already.
      if (this.hosted.has(key)) this.report(key, undefined, "news");
    });
    this.soon.set(key, timer);
  }

  private report(key: string, wrong?: Problem, what: "everything" | "news" = "everything"): void {
    const known = this.entries.get(key);
    if (!known) return;
    const set = this.recipe.definition.conditions;
    // What does not run has no connection that could be told of.
    const start = wrong === undefined ? holds : notRunning;
    const conditions = new Map<string, ConditionChange>(set.dependents.map((type) => [type, start(type)]));
    conditions.set("SinkProvided", holds("SinkProvided"));
    const { target, uri } = known.resolved;
    const hosted = this.hosted.get(key);
    const words = hosted ? this.recipe.describe(hosted.source, hosted.definition) : undefined;
    for (const condition of words?.conditions ?? []) conditions.set(condition.type, condition);
    if (target.kind === "unresolved") {
      conditions.set("SinkProvided", fails("SinkProvided", "SinkNotFound", target.reason));
    }
    const last = set.dependents.at(-1)!;
    if (wrong !== undefined) conditions.set(last, fails(last, wrong.reason, wrong.message));
    const report = {
      conditionSet: set,
      conditions: [...conditions.values()],
      fields: { sinkUri: uri, ...words?.fields },
    };
    const text = JSON.stringify([report.conditions, report.fields]);
    const before = this.said.get(key);
    const at = this.ports.clock.monotonic();
    if (what === "news" && before?.text === text && at - before.at < saidAgainMs) return;
    this.said.set(key, { text, at });
    this.ports.statuses.report(known.entry, report);
  }
}

/** Why a source does not run, as its condition says it. */
interface Problem {
  readonly reason: string;
  readonly message: string;
}

function notRunning(type: string): ConditionChange {
  return { type, status: "Unknown", reason: "NotRunning", message: "the source does not run" };
}

function problemOf(failure: unknown): Problem {
  return failure instanceof SecretFault
    ? secretProblem(failure)
    : { reason: "SourceInvalid", message: messageOf(failure) };
}

function keyOf(entry: Entry): string {
  return `${entry.id.namespace}/${entry.id.name}`;
}
