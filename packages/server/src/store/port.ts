/** A JSON value. */
export type Json = string | number | boolean | null | readonly Json[] | JsonObject;

/** A JSON object. What the store hands out is shared and must not be changed. */
export type JsonObject = { readonly [name: string]: Json | undefined };

/** A kind of objects as it stands in URLs and keys. */
export interface ResourceType {
  /** The API group; empty for the core group. */
  readonly group: string;
  /** The lower-case plural, such as `triggers`. */
  readonly plural: string;
}

/** Which object. `namespace` is empty for kinds without one. */
export interface ObjectId extends ResourceType {
  readonly namespace: string;
  readonly name: string;
}

/** An object as it is kept: its document, its status beside it, and the revisions of both. */
export interface Entry {
  readonly id: ObjectId;
  /** `metadata.uid` of the document. */
  readonly uid: string;
  /** The document without `status` and without `metadata.resourceVersion`. */
  readonly object: JsonObject;
  readonly status: JsonObject | undefined;
  /** The revision of the last write to the document alone. */
  readonly objectRevision: number;
  /** The revision of the last write to the document or to its status: the resourceVersion that people see. */
  readonly revision: number;
}

/** Something that happened to an object. A deleted one carries its last state with the revision of the deletion. */
export interface Change {
  readonly kind: "ADDED" | "MODIFIED" | "DELETED";
  readonly entry: Entry;
  /** What was there before; absent for ADDED. */
  readonly before: Entry | undefined;
  readonly revision: number;
}

/** What a read or a watch is limited to; an absent field means all. */
export interface Selection extends Partial<ResourceType> {
  readonly namespace?: string;
}

export type CreateOutcome =
  | { readonly kind: "written"; readonly entry: Entry }
  | { readonly kind: "exists"; readonly current: Entry | undefined };

export type UpdateOutcome =
  | { readonly kind: "written"; readonly entry: Entry }
  | { readonly kind: "conflict"; readonly current: Entry | undefined }
  | { readonly kind: "missing" };

export type RemoveOutcome =
  | { readonly kind: "removed"; readonly entry: Entry }
  | { readonly kind: "conflict"; readonly current: Entry | undefined }
  | { readonly kind: "missing" };

export type StatusOutcome =
  | { readonly kind: "written"; readonly revision: number }
  | { readonly kind: "unchanged" }
  /** The object of that uid was deleted. */
  | { readonly kind: "missing" };

/** What must hold for an object to be removed; an absent field is not asked. */
export interface Preconditions {
  readonly uid?: string;
  /** The document must not have been written after this revision. */
  readonly revision?: number;
}

export type WatchStart =
  | { readonly kind: "watching"; close(): void }
  /** Changes after the wanted revision are no longer (or, after data loss, not yet) known: list again. */
  | { readonly kind: "expired" };

/** Options of {@link Store.watch}. */
export interface WatchOptions extends Selection {
  /** Replays the changes after this revision first; absent: only what comes from now on. */
  readonly after?: number;
}

/**
 * Where objects live. Reads answer from a cache of everything, which one watch keeps up; writes are conditional and
 * answer when the cache shows them. One order for all kinds: revisions grow with every write, below 2^53.
 *
 * Writes and {@link Store.fresh} reject with a StoreFault: `STORE_UNAVAILABLE` at once when the storage is known to be
 * away (a write then may or may not be stored; repeating it is safe, since it is conditional).
 * States: loading → ready → closed; a lost connection is no state, the store comes back by itself.
 */
export interface Store extends AsyncDisposable {
  /** Resolves when the cache holds everything that was stored before the start; rejects when the store closes first. */
  readonly loaded: Promise<void>;
  /** The revision up to which the cache has seen every write. */
  readonly revision: number;
  /** False while the storage is known to be away. */
  readonly available: boolean;
  /** From the cache. */
  get(id: ObjectId): Entry | undefined;
  /** From the cache, ordered by namespace and name. */
  list(selection?: Selection): Entry[];
  /** Waits until the cache has seen all that any process wrote before this call; resolves to {@link Store.revision}. */
  fresh(): Promise<number>;
  /** Stores a new object. The document needs `metadata.uid`; `status` and resourceVersion in it are dropped. */
  create(id: ObjectId, object: JsonObject): Promise<CreateOutcome>;
  /** Replaces the document if it was not written after revision `expected`; its status is not touched. */
  update(id: ObjectId, object: JsonObject, expected: number): Promise<UpdateOutcome>;
  /** Removes the object and its status. */
  remove(id: ObjectId, preconditions?: Preconditions): Promise<RemoveOutcome>;
  /**
   * Sets the status that belongs to `uid`, which need not exist yet. `change` gets the present status and returns the
   * new one; it is called again when another process was faster. Nothing is written when nothing changes.
   */
  updateStatus(
    id: ObjectId,
    uid: string,
    change: (present: JsonObject | undefined) => JsonObject,
  ): Promise<StatusOutcome>;
  /** Calls `listener` for every change, in order. A listener must not throw and must not wait. */
  watch(options: WatchOptions, listener: (change: Change) => void): WatchStart;
  /** Resolves when {@link Store.revision} has reached `revision`. */
  reached(revision: number, signal?: AbortSignal): Promise<void>;
}
