import { History } from "./history.ts";
import { objectKey } from "./keys.ts";
import type { Change, Entry, JsonObject, ObjectId, ResourceType, Selection, WatchOptions, WatchStart } from "./port.ts";

interface Held {
  readonly id: ObjectId;
  readonly uid: string;
  readonly object: JsonObject;
  readonly revision: number;
}

interface HeldStatus {
  readonly status: JsonObject;
  readonly revision: number;
}

interface Watcher {
  readonly selection: Selection;
  readonly listener: (change: Change) => void;
}

interface Waiter {
  readonly revision: number;
  readonly resolve: () => void;
}

/**
 * Everything that is stored, joined (documents with their statuses), with the changes that follow from it.
 * Fed with writes in the order of their revisions; a write that it already knows changes nothing.
 */
export class ObjectCache {
  private readonly objects = new Map<string, Held>();
  /** The keys of the objects of each kind, so that looking at one kind costs nothing for the others. */
  private readonly keysOfType = new Map<string, Set<string>>();
  private readonly statuses = new Map<string, HeldStatus>();
  private readonly keyOfUid = new Map<string, string>();
  private readonly watchers = new Set<Watcher>();
  private readonly waiters = new Set<Waiter>();
  private readonly history = new History();
  private applied = 0;

  get revision(): number {
    return this.applied;
  }

  get(id: ObjectId): Entry | undefined {
    const held = this.objects.get(objectKey(id));
    return held && this.join(held);
  }

  list(selection: Selection = {}): Entry[] {
    const found: Entry[] = [];
    for (const held of this.candidates(selection)) {
      if (selects(selection, held.id)) found.push(this.join(held));
    }
    return found.sort((a, b) => compare(a.id.namespace, b.id.namespace) || compare(a.id.name, b.id.name));
  }

  statusOf(uid: string): HeldStatus | undefined {
    return this.statuses.get(uid);
  }

  /** The keys of all documents, and the uids of all statuses. */
  known(): { readonly objects: ObjectId[]; readonly statuses: string[] } {
    return { objects: [...this.objects.values()].map((held) => held.id), statuses: [...this.statuses.keys()] };
  }

  putObject(id: ObjectId, object: JsonObject, revision: number): void {
    const key = objectKey(id);
    const held = this.objects.get(key);
    if (held && held.revision >= revision) {
      this.advance(revision);
      return;
    }
    const before = held && this.join(held);
    const next: Held = { id, uid: uidOf(object), object, revision };
    if (held) this.keyOfUid.delete(held.uid);
    this.objects.set(key, next);
    if (!held) this.keysOf(id).add(key);
    this.keyOfUid.set(next.uid, key);
    const entry = this.join(next);
    if (before && before.uid !== entry.uid) {
      // Deleted and created again between two looks: watchers must see both, or they would keep the old identity.
      this.emit({ kind: "DELETED", entry: { ...before, revision }, before, revision });
      this.emit({ kind: "ADDED", entry, before: undefined, revision });
    } else {
      this.emit({ kind: before ? "MODIFIED" : "ADDED", entry, before, revision });
    }
    this.advance(revision);
  }

  dropObject(id: ObjectId, revision: number): void {
    const key = objectKey(id);
    const held = this.objects.get(key);
    if (held && held.revision < revision) {
      const before = this.join(held);
      this.objects.delete(key);
      this.keysOf(id).delete(key);
      this.keyOfUid.delete(held.uid);
      this.emit({ kind: "DELETED", entry: { ...before, revision }, before, revision });
    }
    this.advance(revision);
  }

  putStatus(uid: string, status: JsonObject | undefined, revision: number): void {
    const present = this.statuses.get(uid);
    if (present && present.revision >= revision) {
      this.advance(revision);
      return;
    }
    const held = this.objects.get(this.keyOfUid.get(uid) ?? "");
    const before = held && this.join(held);
    if (status) this.statuses.set(uid, { status, revision });
    else this.statuses.delete(uid);
    if (held && before) this.emit({ kind: "MODIFIED", entry: this.join(held), before, revision });
    this.advance(revision);
  }

  private candidates({ group, plural }: Selection): Iterable<Held> {
    if (group === undefined || plural === undefined) return this.objects.values();
    return [...this.keysOf({ group, plural })].map((key) => this.objects.get(key)!);
  }

  private keysOf({ group, plural }: ResourceType): Set<string> {
    const type = `${group}/${plural}`;
    let keys = this.keysOfType.get(type);
    if (!keys) {
      keys = new Set();
      this.keysOfType.set(type, keys);
    }
    return keys;
  }

  /** Says that every write up to `revision` has been applied. */
  advance(revision: number): void {
    if (revision <= this.applied) return;
    this.applied = revision;
    for (const waiter of this.waiters) {
      if (waiter.revision > revision) continue;
      this.waiters.delete(waiter);
      waiter.resolve();
    }
  }

  /** From here on watches can resume at `revision` or later. */
  startHistory(revision = this.applied): void {
    this.history.restart(revision);
  }

  /** The storage lost writes: what is held may be overwritten by older revisions, and old watches expire. */
  rewind(revision: number): void {
    for (const [key, held] of this.objects) this.objects.set(key, { ...held, revision: -1 });
    for (const [uid, held] of this.statuses) this.statuses.set(uid, { ...held, revision: -1 });
    this.applied = revision;
    this.history.restart(revision);
  }

  watch(options: WatchOptions, listener: (change: Change) => void): WatchStart {
    if (options.after !== undefined) {
      const missed = options.after > this.applied ? undefined : this.history.after(options.after, options);
      if (!missed) return { kind: "expired" };
      for (const change of missed) if (selects(options, change.entry.id)) listener(change);
    }
    const watcher = { selection: options, listener };
    this.watchers.add(watcher);
    return { kind: "watching", close: () => void this.watchers.delete(watcher) };
  }

  /** Resolves when `revision` is applied; rejects with `signal.reason`. */
  reached(revision: number, signal?: AbortSignal): Promise<void> {
    if (revision <= this.applied) return Promise.resolve();
    return new Promise((resolve, reject) => {
      if (signal?.aborted) return reject(signal.reason);
      const onAbort = () => {
        this.waiters.delete(waiter);
        reject(signal?.reason);
      };
      const waiter: Waiter = {
        revision,
        resolve: () => {
          signal?.removeEventListener("abort", onAbort);
          resolve();
        },
      };
      this.waiters.add(waiter);
      signal?.addEventListener("abort", onAbort, { once: true });
    });
  }

  private join(held: Held): Entry {
    const own = this.statuses.get(held.uid);
    const { id, uid, object, revision } = held;
    return {
      id,
      uid,
      object,
      status: own?.status,
      objectRevision: revision,
      revision: Math.max(revision, own?.revision ?? 0),
    };
  }

  private emit(change: Change): void {
    this.history.record(change);
    for (const watcher of this.watchers) {
      if (selects(watcher.selection, change.entry.id)) watcher.listener(change);
    }
  }
}

/** True when the object is part of the selection. */
export function selects(selection: Selection, id: ObjectId): boolean {
  return (
    (selection.group === undefined || selection.group === id.group) &&
    (selection.plural === undefined || selection.plural === id.plural) &&
    (selection.namespace === undefined || selection.namespace === id.namespace)
  );
}

/** `metadata.uid` of a document, or an empty string. */
export function uidOf(object: JsonObject): string {
  const metadata = object.metadata as JsonObject | undefined;
  return typeof metadata?.uid === "string" ? metadata.uid : "";
}

/** The document as it is stored: a copy without status and without resourceVersion. */
export function toStored(object: JsonObject): JsonObject {
  const { status: _status, ...rest } = object;
  const { resourceVersion: _version, ...metadata } = (object.metadata ?? {}) as JsonObject;
  return asStored({ ...rest, metadata });
}

/** The value as it comes back from JSON: a copy without undefined fields, which would differ from what is stored. */
export function asStored(value: JsonObject): JsonObject {
  return JSON.parse(JSON.stringify(value)) as JsonObject;
}

function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
