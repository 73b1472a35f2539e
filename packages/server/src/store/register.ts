import type { JsonObject } from "./port.ts";

/** What a key of a register holds, as last seen. */
export interface RegisterRecord {
  /** Tokens with dots between them; all but the last are its group. */
  readonly key: string;
  /** Undefined: the key was removed, and the revision is that of its removal; 0 when nothing is left of it. */
  readonly value: JsonObject | undefined;
  readonly revision: number;
  /** When this revision was first seen here, monotonic milliseconds. */
  readonly seenAt: number;
}

/**
 * Small records that all processes of an installation see and write conditionally, for what they must agree on: who is
 * there, who holds what. Reading is from a copy that follows the others within milliseconds, each key at its own pace; only a write
 * that is granted proves anything. What reads and writes it never compares clocks of machines.
 */
export interface Register extends AsyncDisposable {
  /** Since when the copy is complete and followed, monotonic milliseconds; undefined while the storage is away. */
  readonly since: number | undefined;
  get(key: string): RegisterRecord | undefined;
  /** The records of a group, removed ones included. */
  list(group: string): readonly RegisterRecord[];
  all(): readonly RegisterRecord[];
  /**
   * Writes where the key is still at `revision` (0: where there is none). Resolves to undefined where it was written in
   * between, and the copy then shows by whom. Rejects with `STORE_UNAVAILABLE` when the storage is away: then it may have
   * been stored, which the copy shows once it is complete again.
   */
  put(key: string, value: JsonObject, revision: number): Promise<RegisterRecord | undefined>;
  /** Removes the key where it is still at `revision`; else as {@link put}. */
  remove(key: string, revision: number): Promise<boolean>;
  /** Reads the key from the storage itself, where the copy is not enough; else as {@link put}. */
  read(key: string): Promise<RegisterRecord | undefined>;
  /** Calls `listener` after each change of the copy; returns the way to stop. */
  onChange(listener: (record: RegisterRecord) => void): () => void;
  /** Calls `listener` whenever the copy is complete again after the storage was away; returns the way to stop. */
  onUp(listener: () => void): () => void;
}

/** The group of a key: all tokens but the last; empty when there is only one. */
export function groupOf(key: string): string {
  return key.slice(0, Math.max(0, key.lastIndexOf(".")));
}
