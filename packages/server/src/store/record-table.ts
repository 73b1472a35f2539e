import type { JsonObject } from "./port.ts";
import { groupOf, type RegisterRecord } from "./register.ts";

/** The records of a register by key and group, with those who are told of changes. */
export class RecordTable {
  private readonly groups = new Map<string, Map<string, RegisterRecord>>();
  private readonly listeners = new Set<(record: RegisterRecord) => void>();
  /** The greatest revision seen. */
  revision = 0;

  get(key: string): RegisterRecord | undefined {
    return this.groups.get(groupOf(key))?.get(key);
  }

  list(group: string): readonly RegisterRecord[] {
    return [...(this.groups.get(group)?.values() ?? [])];
  }

  all(): readonly RegisterRecord[] {
    return [...this.groups.values()].flatMap((group) => [...group.values()]);
  }

  /** Takes a revision of a key, unless a newer one is known; returns what is known now. */
  apply(key: string, value: JsonObject | undefined, revision: number, seenAt: number): RegisterRecord {
    this.revision = Math.max(this.revision, revision);
    const known = this.get(key);
    if (known && known.revision >= revision) return known;
    const record = { key, value, revision, seenAt };
    const group = groupOf(key);
    const present = this.groups.get(group);
    if (present) present.set(key, record);
    else this.groups.set(group, new Map([[key, record]]));
    this.tell(record);
    return record;
  }

  /** Forgets a key of which nothing is left. */
  drop(key: string, seenAt: number): void {
    const group = this.groups.get(groupOf(key));
    if (!group?.delete(key)) return;
    if (group.size === 0) this.groups.delete(groupOf(key));
    this.tell({ key, value: undefined, revision: 0, seenAt });
  }

  onChange(listener: (record: RegisterRecord) => void): () => void {
    this.listeners.add(listener);
    return () => void this.listeners.delete(listener);
  }

  private tell(record: RegisterRecord): void {
    for (const listener of [...this.listeners]) listener(record);
  }
}
