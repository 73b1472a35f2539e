import { isDeepStrictEqual } from "node:util";
import type { Clock } from "@rouse/base";
import { StoreFault } from "../errors.ts";
import { asStored, ObjectCache, toStored } from "./cache.ts";
import type {
  Change,
  CreateOutcome,
  Entry,
  JsonObject,
  ObjectId,
  Preconditions,
  RemoveOutcome,
  Selection,
  StatusOutcome,
  Store,
  UpdateOutcome,
  WatchOptions,
  WatchStart,
} from "./port.ts";

/**
 * Objects in memory, for `rouse dev` without NATS and for tests. Nothing survives the process.
 * Revisions start at the wall time in microseconds: a client that still holds a revision of the process before
 * finds it expired, instead of waiting for one that never comes.
 */
export class MemoryStore implements Store {
  readonly loaded = Promise.resolve();
  private readonly cache = new ObjectCache();
  private closed = false;

  constructor(options: { readonly clock: Clock }) {
    this.cache.advance(Math.max(1, Math.floor(options.clock.now() * 1000)));
    this.cache.startHistory();
  }

  get revision(): number {
    return this.cache.revision;
  }

  get available(): boolean {
    return !this.closed;
  }

  get(id: ObjectId): Entry | undefined {
    return this.cache.get(id);
  }

  list(selection?: Selection): Entry[] {
    return this.cache.list(selection);
  }

  fresh(): Promise<number> {
    return Promise.resolve(this.cache.revision);
  }

  async create(id: ObjectId, object: JsonObject): Promise<CreateOutcome> {
    const current = this.open().get(id);
    if (current) return { kind: "exists", current };
    this.cache.putObject(id, toStored(object), this.cache.revision + 1);
    return { kind: "written", entry: this.cache.get(id)! };
  }

  async update(id: ObjectId, object: JsonObject, expected: number): Promise<UpdateOutcome> {
    const current = this.open().get(id);
    if (!current) return { kind: "missing" };
    if (current.objectRevision > expected) return { kind: "conflict", current };
    this.cache.putObject(id, toStored(object), this.cache.revision + 1);
    return { kind: "written", entry: this.cache.get(id)! };
  }

  async remove(id: ObjectId, preconditions: Preconditions = {}): Promise<RemoveOutcome> {
    const current = this.open().get(id);
    if (!current) return { kind: "missing" };
    const { uid = current.uid, revision = current.objectRevision } = preconditions;
    if (uid !== current.uid || revision < current.objectRevision) return { kind: "conflict", current };
    const deletion = this.cache.revision + 1;
    this.cache.dropObject(id, deletion);
    this.cache.putStatus(current.uid, undefined, deletion + 1);
    this.removed.add(current.uid);
    return { kind: "removed", entry: { ...current, revision: deletion } };
  }

  async updateStatus(
    _id: ObjectId,
    uid: string,
    change: (present: JsonObject | undefined) => JsonObject,
  ): Promise<StatusOutcome> {
    const present = this.open().statusOf(uid)?.status;
    if (this.removed.has(uid)) return { kind: "missing" };
    const next = asStored(change(present));
    if (isDeepStrictEqual(next, present)) return { kind: "unchanged" };
    const revision = this.cache.revision + 1;
    this.cache.putStatus(uid, next, revision);
    return { kind: "written", revision };
  }

  watch(options: WatchOptions, listener: (change: Change) => void): WatchStart {
    return this.cache.watch(options, listener);
  }

  reached(revision: number, signal?: AbortSignal): Promise<void> {
    return this.cache.reached(revision, signal);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.closed = true;
  }

  /** Uids of what was removed: a reconciler that is late must not write a status for it. */
  private readonly removed = new Set<string>();

  private open(): ObjectCache {
    if (this.closed) throw new StoreFault("STORE_CLOSED", "the store was closed");
    return this.cache;
  }
}
