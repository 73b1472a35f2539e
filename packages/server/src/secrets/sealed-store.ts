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
} from "../store/port.ts";
import { isSecret, type Vault } from "./vault.ts";

/**
 * A store that never holds a Secret's value as it is: what is written is sealed first, whoever writes it, and what is
 * read stays sealed (the vault opens it). Disposing it closes the store inside.
 */
export class SealedStore implements Store {
  private readonly inner: Store;
  private readonly vault: Vault;

  constructor(inner: Store, vault: Vault) {
    this.inner = inner;
    this.vault = vault;
  }

  get loaded(): Promise<void> {
    return this.inner.loaded;
  }

  get revision(): number {
    return this.inner.revision;
  }

  get available(): boolean {
    return this.inner.available;
  }

  get(id: ObjectId): Entry | undefined {
    return this.inner.get(id);
  }

  list(selection?: Selection): Entry[] {
    return this.inner.list(selection);
  }

  fresh(): Promise<number> {
    return this.inner.fresh();
  }

  /** Rejects beside what the store inside does with SECRET_KEY_ABSENT. */
  async create(id: ObjectId, object: JsonObject): Promise<CreateOutcome> {
    return this.inner.create(id, this.sealed(id, object));
  }

  /** Rejects beside what the store inside does with SECRET_KEY_ABSENT. */
  async update(id: ObjectId, object: JsonObject, expected: number): Promise<UpdateOutcome> {
    return this.inner.update(id, this.sealed(id, object), expected);
  }

  remove(id: ObjectId, preconditions?: Preconditions): Promise<RemoveOutcome> {
    return this.inner.remove(id, preconditions);
  }

  updateStatus(
    id: ObjectId,
    uid: string,
    change: (present: JsonObject | undefined) => JsonObject,
  ): Promise<StatusOutcome> {
    return this.inner.updateStatus(id, uid, change);
  }

  watch(options: WatchOptions, listener: (change: Change) => void): WatchStart {
    return this.inner.watch(options, listener);
  }

  reached(revision: number, signal?: AbortSignal): Promise<void> {
    return this.inner.reached(revision, signal);
  }

  [Symbol.asyncDispose](): Promise<void> {
    return Promise.resolve(this.inner[Symbol.asyncDispose]());
  }

  private sealed(id: ObjectId, object: JsonObject): JsonObject {
    return isSecret(id) ? this.vault.seal(id, object) : object;
  }
}
