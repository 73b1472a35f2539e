import { unavailable } from "../store/nats-link.ts";
import type { Register, RegisterRecord } from "../store/register.ts";

/** Who is there, as slots need it. */
export interface SlotPeers {
  readonly id: string;
  /** Whether a process seems dead. */
  dead(id: string): boolean;
  /** Resolves to whether it is. */
  confirmDead(id: string): Promise<boolean>;
  /** Resolves to whether the others can see that this process lives: before that it may hold nothing. */
  joined(): Promise<boolean>;
}

/** What {@link Slots} is made of. */
export interface SlotsParts {
  readonly register: Register;
  readonly peers: SlotPeers;
  /** A number in [0, 1). */
  readonly random: () => number;
}

/** A numbered place that this process holds; `key` is undefined after it was lost to another. */
export interface Slot {
  readonly group: string;
  key: string | undefined;
  revision: number;
}

/** The number of a place; 0 after it was lost. */
export function numberOf({ key = "" }: Slot): number {
  return Number(key.slice(key.lastIndexOf(".") + 1));
}

/**
 * Numbered places, `<group>.<number>`, each held by at most one process: whoever wrote its name last, at the revision
 * before. A place is free when nothing is written there, or the name of a dead process.
 */
export class Slots {
  private readonly parts: SlotsParts;
  private readonly held = new Map<string, Slot>();
  private readonly busy = new Set<string>();
  private readonly lostListeners = new Set<(slot: Slot) => void>();
  private readonly stops: (() => void)[];

  constructor(parts: SlotsParts) {
    this.parts = parts;
    const { register } = parts;
    this.stops = [register.onChange((record) => this.noticed(record)), register.onUp(() => this.tidy())];
  }

  /** How many of a group each live process holds. */
  holders(group: string): ReadonlyMap<string, number> {
    const counts = new Map<string, number>();
    for (const record of this.parts.register.list(group)) {
      const host = this.holder(record);
      if (host !== undefined) counts.set(host, (counts.get(host) ?? 0) + 1);
    }
    return counts;
  }

  /** How many of a group this process holds. */
  own(group: string): number {
    let count = 0;
    for (const slot of this.held.values()) if (slot.group === group) count++;
    return count;
  }

  /** Takes a free place below `max`; undefined when there is none. Rejects when the storage is away. */
  async take(group: string, max: number): Promise<Slot | undefined> {
    const start = Math.floor(this.parts.random() * max);
    // Each refusal means that another process got on, so this ends; the bound is for a storage that answers nonsense.
    for (let tries = 0; tries < 2 * max + 4; tries++) {
      const key = this.freeKey(group, max, start);
      if (key === undefined) return undefined;
      const slot = await this.write(group, key);
      if (slot) return slot;
    }
    return undefined;
  }

  /** Takes a place of a live process, as it is seen now; undefined when that changed meanwhile. */
  async takeFrom(group: string, host: string): Promise<Slot | undefined> {
    const record = this.parts.register
      .list(group)
      .find((each) => this.holder(each) === host && !this.busy.has(each.key));
    return record && this.write(group, record.key, host);
  }

  /** Gives a place back. What cannot be given back now is when the storage is there again. */
  async release(slot: Slot): Promise<void> {
    const { key, revision } = slot;
    if (key === undefined || this.held.get(key) !== slot) return;
    this.held.delete(key);
    slot.key = undefined;
    this.busy.add(key);
    const removed = await this.parts.register.remove(key, revision).catch(() => false);
    this.busy.delete(key);
    const left = this.parts.register.get(key);
    if (!removed && left) this.noticed(left);
  }

  /** Gives back what carries this process's name without being held: a write's answer was lost, or a removal failed. */
  tidy(): void {
    for (const record of this.parts.register.all()) this.noticed(record);
  }

  /** Calls `listener` when a place was lost to another process; returns the way to stop. */
  onLost(listener: (slot: Slot) => void): () => void {
    this.lostListeners.add(listener);
    return () => void this.lostListeners.delete(listener);
  }

  /** Gives everything back. */
  async close(): Promise<void> {
    for (const stop of this.stops) stop();
    await Promise.all([...this.held.values()].map((slot) => this.release(slot)));
  }

  private holder({ value }: RegisterRecord): string | undefined {
    const host = value?.host;
    return typeof host === "string" && !this.parts.peers.dead(host) ? host : undefined;
  }

  private freeKey(group: string, max: number, start: number): string | undefined {
    const { register } = this.parts;
    const occupied = register.list(group).filter((record) => this.holder(record) !== undefined).length;
    // More than there are places below `max`: the maximum was lowered, and the rest has to end first.
    if (occupied >= max) return undefined;
    for (let offset = 0; offset < max; offset++) {
      const key = `${group}.${(start + offset) % max}`;
      const record = register.get(key);
      if (!this.busy.has(key) && (record === undefined || this.holder(record) === undefined)) return key;
    }
    return undefined;
  }

  /** `living`: the process it may be taken from although that lives. */
  private async write(group: string, key: string, living?: string): Promise<Slot | undefined> {
    const { peers, register } = this.parts;
    this.busy.add(key);
    try {
      if (!(await peers.joined())) throw unavailable("this process is not known to the others yet");
      const { revision = 0, value } = register.get(key) ?? {};
      const before = value?.host;
      if (typeof before === "string" && before !== living && !(await peers.confirmDead(before))) return undefined;
      const stored = (await register.put(key, { host: peers.id }, revision)) ?? this.mine(key);
      // Taken from us again before we heard that it was ours.
      if (!stored || !this.mine(key)) return undefined;
      const slot: Slot = { group, key, revision: stored.revision };
      this.held.set(key, slot);
      return slot;
    } finally {
      this.busy.delete(key);
    }
  }

  /** A write that was refused because it was stored already: its first answer was lost on the way. */
  private mine(key: string): RegisterRecord | undefined {
    const record = this.parts.register.get(key);
    return record?.value?.host === this.parts.peers.id ? record : undefined;
  }

  private noticed(record: RegisterRecord): void {
    const { peers, register } = this.parts;
    const slot = this.held.get(record.key);
    const mine = record.value?.host === peers.id;
    if (slot !== undefined && !mine && (record.revision === 0 || record.revision > slot.revision)) {
      this.held.delete(record.key);
      slot.key = undefined;
      for (const listener of [...this.lostListeners]) listener(slot);
    } else if (slot === undefined && mine && !this.busy.has(record.key) && register.since !== undefined) {
      // Written by us, its answer lost; or not given back while the storage was away.
      void register.remove(record.key, record.revision).catch(() => false);
    }
  }
}
