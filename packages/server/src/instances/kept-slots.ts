import type { Clock, Timer } from "@rouse/base";
import type { Hosts } from "./hosts.ts";
import type { Slot, Slots } from "./slots.ts";

/** What {@link KeptSlots} is made of. */
export interface KeptSlotsParts {
  readonly clock: Clock;
  readonly slots: Slots;
  readonly hosts: Pick<Hosts, "id" | "all" | "onChange">;
}

/** So that a service that is gone leaves nothing. */
const keptMs = 600_000;

/**
 * One slot of a service that is kept when its instance ends, so that the next cold start does not wait for the storage.
 * Only while this process is alone: a slot that is kept is one that another process does not get.
 */
export class KeptSlots {
  private readonly parts: KeptSlotsParts;
  private readonly spares = new Map<string, { readonly slot: Slot; readonly timer: Timer }>();
  private readonly stops: (() => void)[];
  private closed = false;

  constructor(parts: KeptSlotsParts) {
    this.parts = parts;
    this.stops = [
      parts.hosts.onChange(() => {
        if (!this.alone) for (const group of [...this.spares.keys()]) this.give(group);
      }),
      parts.slots.onLost((slot) => {
        if (this.spares.get(slot.group)?.slot === slot) this.take(slot.group);
      }),
    ];
  }

  /** Keeps the slot; false where it has to be given back. */
  keep(slot: Slot): boolean {
    const { group, key } = slot;
    if (this.closed || !this.alone || key === undefined || this.spares.has(group)) return false;
    this.spares.set(group, { slot, timer: this.parts.clock.setTimer(keptMs, () => this.give(group)) });
    return true;
  }

  /** The slot that was kept, if there is one; it is the caller's from now on. */
  take(group: string): Slot | undefined {
    const spare = this.spares.get(group);
    spare?.timer.cancel();
    this.spares.delete(group);
    return spare?.slot;
  }

  /** Keeps nothing any more; what is kept is given back with everything else that is held. */
  close(): void {
    this.closed = true;
    for (const stop of this.stops) stop();
    for (const group of [...this.spares.keys()]) this.take(group);
  }

  private get alone(): boolean {
    const { hosts } = this.parts;
    const [first, ...others] = hosts.all();
    return first?.id === hosts.id && others.length === 0;
  }

  /** Gives back what is kept of a service. */
  give(group: string): void {
    const slot = this.take(group);
    if (slot) void this.parts.slots.release(slot);
  }
}
