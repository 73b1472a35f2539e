import { messageOf } from "@rouse/base";
import { isReady } from "@rouse/resources";
import type { Logger } from "pino";
import type { AppliedConfiguration } from "../configuration.ts";
import type { Change, Entry, ObjectId, ResourceType, Store } from "../store/port.ts";
import { objectOf } from "./objects.ts";
import { WorkQueue } from "./work-queue.ts";

/** What keeps the objects of one kind running as they are stored. */
export interface KindReconciler {
  readonly type: ResourceType;
  apply(entry: Entry): void | Promise<void>;
  remove(entry: Entry): void | Promise<void>;
  /** Whether an object is to be applied again when the one of this id came, went or changed. */
  dependsOn?(entry: Entry, id: ObjectId): boolean;
  /** The same, when that one only became ready, or ceased to be. */
  dependsOnReadiness?(entry: Entry, id: ObjectId): boolean;
  /** Called once, when everything is applied: what must not happen before may begin. */
  start?(): void;
}

/**
 * Turns objects into what the domains run: everything at start, in the order of the reconcilers, then change by change
 * in the store's order. After each change the configuration's revision advances, so that whoever waits for it knows that
 * it has taken effect. What could not be opened is tried again when the store or the engine comes back.
 */
export class Reconciler {
  private readonly store: Store;
  private readonly kinds: readonly KindReconciler[];
  private readonly byType: ReadonlyMap<string, KindReconciler>;
  private readonly configuration: AppliedConfiguration;
  private readonly queue: WorkQueue;
  private stopWatching: (() => void) | undefined;

  constructor(store: Store, kinds: readonly KindReconciler[], configuration: AppliedConfiguration, logger: Logger) {
    this.store = store;
    this.kinds = kinds;
    this.byType = new Map(kinds.map((kind) => [typeKey(kind.type), kind]));
    this.configuration = configuration;
    this.queue = new WorkQueue((failure) =>
      logger.error({ reason: messageOf(failure) }, "an object could not be applied"),
    );
  }

  /** Applies everything that is stored and follows the changes from there on; sources begin when all is applied. */
  async start(): Promise<void> {
    await this.store.loaded;
    const revision = this.store.revision;
    const watching = this.store.watch({}, (change) => this.queue.push(() => this.changed(change)));
    if (watching.kind === "watching") this.stopWatching = () => watching.close();
    this.pushAll();
    this.queue.push(() => {
      this.configuration.advance(revision);
      this.configuration.markLoaded();
      for (const kind of this.kinds) kind.start?.();
    });
    await this.queue.settled();
  }

  /** Applies every object again: after the engine came back, or a target moved. */
  async applyAll(): Promise<void> {
    this.pushAll();
    await this.queue.settled();
  }

  /** Takes no more changes; resolves when the one in hand is done. */
  async stop(): Promise<void> {
    this.stopWatching?.();
    await this.queue.settled();
  }

  private pushAll(): void {
    for (const { type } of this.kinds) {
      for (const entry of this.store.list(type)) this.queue.push(() => this.apply(entry));
    }
  }

  private async changed(change: Change): Promise<void> {
    try {
      const sameObject = change.kind === "MODIFIED" && change.before?.objectRevision === change.entry.objectRevision;
      const turned = !sameObject || readiness(change.before) !== readiness(change.entry);
      if (!sameObject) await this.objectChanged(change);
      if (turned) await this.applyDependents(change.entry.id, !sameObject);
    } finally {
      this.configuration.advance(change.revision);
    }
  }

  private async objectChanged({ kind, entry, before }: Change): Promise<void> {
    const replaced = before !== undefined && before.uid !== entry.uid;
    if (kind === "DELETED") return this.remove(entry);
    if (replaced) await this.remove(before);
    await this.apply(entry);
  }

  private async apply(entry: Entry): Promise<void> {
    const present = this.store.get(entry.id);
    if (present?.uid === entry.uid) await this.of(entry)?.apply(present);
  }

  private async remove(entry: Entry): Promise<void> {
    await this.of(entry)?.remove(entry);
  }

  private of({ id }: Entry): KindReconciler | undefined {
    return this.byType.get(typeKey(id));
  }

  private async applyDependents(id: ObjectId, changed: boolean): Promise<void> {
    for (const kind of this.kinds) {
      if (!(changed && kind.dependsOn) && !kind.dependsOnReadiness) continue;
      // Ten thousand triggers that come one by one must not look at each other; nothing depends on its own kind.
      if (typeKey(kind.type) === typeKey(id)) continue;
      for (const each of this.store.list(kind.type)) {
        const depends = (changed && kind.dependsOn?.(each, id)) || kind.dependsOnReadiness?.(each, id);
        if (depends) await this.apply(each);
      }
    }
  }
}

function typeKey({ group, plural }: ResourceType): string {
  return `${group}/${plural}`;
}

function readiness(entry: Entry | undefined): boolean {
  return entry !== undefined && isReady(objectOf(entry).status?.conditions);
}
