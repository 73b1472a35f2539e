import type { Clock, Timer } from "@rouse/base";
import type { Program, Workload } from "@rouse/serving-client";
import type { Register } from "../store/register.ts";
import { groupOf } from "../store/register.ts";
import { type FloorMove, floorMove } from "./floor-move.ts";
import type { Hosts } from "./hosts.ts";
import { numberOf, type Slot, type Slots } from "./slots.ts";

/** What {@link Floors} is made of. */
export interface FloorParts {
  readonly register: Register;
  readonly clock: Clock;
  readonly slots: Slots;
  readonly hosts: Hosts;
  readonly leaseMs: number;
  readonly programOf: (key: string) => Program | undefined;
}

/** A workload that is applied anew is watched anew within this time, and keeps its share. */
const lingerMs = 1_000;
const retryMs = 1_000;

interface Watched {
  readonly key: string;
  readonly group: string;
  minScale: number;
  told: ((count: number) => void) | undefined;
  said: number;
  readonly slots: Set<Slot>;
  moving: boolean;
  again: boolean;
  timer: Timer | undefined;
  linger: Timer | undefined;
}

/** `min-scale` over all processes: each keeps as many instances as it holds floor slots. */
export class Floors {
  private readonly parts: FloorParts;
  private readonly watched = new Map<string, Watched>();
  private readonly stops: (() => void)[];

  constructor(parts: FloorParts) {
    this.parts = parts;
    const all = () => {
      for (const each of this.watched.values()) void this.settle(each);
    };
    this.stops = [
      parts.register.onUp(all),
      parts.hosts.onChange(all),
      parts.register.onChange(({ key }) => {
        const each = this.watched.get(groupOf(key));
        if (each) void this.settle(each);
      }),
      parts.slots.onLost((slot) => {
        const each = this.watched.get(slot.group);
        if (each?.slots.delete(slot)) this.tell(each);
      }),
    ];
  }

  watch({ key, minScale }: Pick<Workload, "key" | "minScale">, told: (count: number) => void): () => void {
    const group = `floor.${key.replace("/", ".")}`;
    const present = this.watched.get(group);
    const state = { moving: false, again: false, timer: undefined, linger: undefined };
    const each: Watched = present ?? { key, group, minScale, told, said: 0, slots: new Set(), ...state };
    each.linger?.cancel();
    each.minScale = minScale;
    each.told = told;
    this.watched.set(group, each);
    each.said = Math.min(each.slots.size, minScale);
    told(each.said);
    void this.settle(each);
    return () => {
      if (each.told !== told) return;
      each.told = undefined;
      each.linger = this.parts.clock.setTimer(lingerMs, () => {
        each.timer?.cancel();
        this.watched.delete(group);
        for (const slot of each.slots) void this.parts.slots.release(slot);
      });
    };
  }

  close(): void {
    for (const stop of this.stops) stop();
    for (const each of this.watched.values()) {
      each.timer?.cancel();
      each.linger?.cancel();
    }
    this.watched.clear();
  }

  /** Makes one move after another until there is none; looks that come meanwhile are followed by another one. */
  private async settle(each: Watched): Promise<void> {
    each.again = true;
    if (each.moving) return;
    each.moving = true;
    each.timer?.cancel();
    try {
      while (each.again && each.told !== undefined && this.watched.get(each.group) === each) {
        each.again = false;
        await this.move(each, this.next(each));
      }
    } catch {
      // The storage is away: what is held is kept, and `onUp` or the next look goes on.
      this.later(each, retryMs);
    } finally {
      each.moving = false;
    }
  }

  private next({ key, group, minScale, slots: own }: Watched): FloorMove {
    const { hosts, programOf, register, slots } = this.parts;
    if (register.since === undefined) return { kind: "rest" };
    const program = programOf(key);
    const able = hosts.all().filter((host) => program === undefined || host.kinds.includes(program.kind));
    return floorMove({
      minScale,
      holders: slots.holders(group),
      id: hosts.id,
      beyond: [...own].filter((slot) => numberOf(slot) >= minScale).length,
      ableHere: program === undefined || hosts.runsHere(program),
      able: able.map((host) => host.id),
    });
  }

  private async move(each: Watched, move: FloorMove): Promise<void> {
    const { leaseMs, slots } = this.parts;
    switch (move.kind) {
      case "rest":
        return;
      case "later":
        // Those who hold less come first.
        return this.later(each, leaseMs / 3, true);
      case "take":
        return this.took(each, await slots.take(each.group, each.minScale));
      case "take-from":
        return this.took(each, await slots.takeFrom(each.group, move.host));
      case "release": {
        const slot = lastOf(each.slots);
        if (slot === undefined) return;
        each.slots.delete(slot);
        this.tell(each);
        await slots.release(slot);
        each.again = true;
        return;
      }
      default: {
        const unknown: never = move;
        return unknown;
      }
    }
  }

  private took(each: Watched, slot: Slot | undefined): void {
    if (slot === undefined) {
      this.later(each, retryMs);
      return;
    }
    each.again = true;
    each.slots.add(slot);
    if (this.watched.get(each.group) === each) this.tell(each);
    else void this.parts.slots.release(slot);
  }

  private later(each: Watched, delayMs: number, take = false): void {
    each.timer?.cancel();
    each.timer = this.parts.clock.setTimer(delayMs, () => {
      if (take) void this.takeRest(each);
      else void this.settle(each);
    });
  }

  /** Nobody else took what is free: better here than nowhere. */
  private async takeRest(each: Watched): Promise<void> {
    if (each.moving || each.told === undefined) return void this.settle(each);
    each.moving = true;
    await this.move(each, { kind: "take" }).catch(() => {});
    each.moving = false;
    void this.settle(each);
  }

  private tell(each: Watched): void {
    if (each.slots.size === each.said) return;
    each.said = each.slots.size;
    each.told?.(each.said);
  }
}

function lastOf(slots: ReadonlySet<Slot>): Slot | undefined {
  return [...slots].sort((a, b) => numberOf(b) - numberOf(a))[0];
}
