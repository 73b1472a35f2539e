import type { Clock } from "@rouse/base";
import type { Place, Placed, Placement, Program, Workload } from "@rouse/serving-client";
import { groupOf, type Register } from "../store/register.ts";
import { Floors } from "./floors.ts";
import type { Hosts } from "./hosts.ts";
import { KeptSlots } from "./kept-slots.ts";
import { numberOf, type Slot, type Slots } from "./slots.ts";
import type { Want } from "./want-board.ts";

/** What {@link SharedPlacement} is made of. */
export interface PlacementParts {
  readonly register: Register;
  readonly clock: Clock;
  readonly slots: Slots;
  readonly hosts: Hosts;
  readonly leaseMs: number;
  /** What a workload runs; undefined when it is not known: then it counts as runnable everywhere. */
  readonly programOf: (key: string) => Program | undefined;
  /** Asks the others to look for events of a service. */
  readonly want: (key: string, why: Want) => void;
}

const soonMs = 1_000;
const laterMs = 5_000;

const unreachable: Placed = {
  kind: "none",
  reason: "StoreUnavailable",
  message: "the storage that counts instances over all processes cannot be reached",
  retryAfterMs: soonMs,
};

type Placeable = Pick<Workload, "key" | "maxScale">;

/** An instance that runs here. */
interface Tenant {
  readonly seat: Seat;
  /** The one that has taken its part while it leaves. */
  heir: Tenant | undefined;
}

/**
 * A slot with what runs on it: an instance, and those that leave whose part it has taken. It has no slot after that was
 * lost, until another is free.
 */
interface Seat {
  readonly group: string;
  readonly maxScale: number;
  slot: Slot | undefined;
  readonly tenants: Set<Tenant>;
}

/**
 * `max-scale` over all processes: an instance is started on a slot that no other process holds. One that replaces another
 * shares its slot, so that it is ready before the other ends; one that is ending is not counted any more. A process that was
 * given up for dead and comes back may have instances without slots: it gets none for new ones until those have slots again.
 */
export class SharedPlacement implements Placement {
  private readonly parts: PlacementParts;
  private readonly floors: Floors;
  private readonly spares: KeptSlots;
  private readonly seats = new Map<string, Set<Seat>>();
  private readonly tenants = new WeakMap<Place, Tenant>();
  private readonly stops: (() => void)[];

  constructor(parts: PlacementParts) {
    this.parts = parts;
    this.floors = new Floors(parts);
    this.spares = new KeptSlots(parts);
    const { register, slots } = parts;
    this.stops = [
      slots.onLost((slot) => this.lost(slot)),
      register.onUp(() => {
        for (const group of this.seats.keys()) this.houseSoon(group);
      }),
      register.onChange(({ key, value }) => {
        if (value === undefined) this.houseSoon(groupOf(key));
      }),
    ];
  }

  place(workload: Placeable, leaving: readonly Place[] = []): Placed | Promise<Placed> {
    const { key, maxScale } = workload;
    const { hosts, programOf, want } = this.parts;
    const program = programOf(key);
    if (program !== undefined && !hosts.runsHere(program)) {
      const able = hosts.canRun(program);
      if (able.kind === "no") {
        return { kind: "none", reason: able.reason, message: able.message, retryAfterMs: laterMs };
      }
      want(key, "RunsElsewhere");
      const message = `this process cannot run a ${program.kind}; another one can, and is asked to take the events`;
      return { kind: "none", reason: "RunsElsewhere", message, retryAfterMs: laterMs };
    }
    if (maxScale === 0) return { kind: "slot", release: () => {} };
    return this.placeOnHeld(workload, leaving) ?? this.placeOnFree(workload);
  }

  watchFloor(workload: Pick<Workload, "key" | "minScale">, told: (count: number) => void): () => void {
    return this.floors.watch(workload, told);
  }

  close(): void {
    for (const stop of this.stops) stop();
    this.floors.close();
    this.spares.close();
  }

  /** On the slot of an instance that leaves, or on one that was kept; undefined when there is neither. */
  private placeOnHeld({ key, maxScale }: Placeable, leaving: readonly Place[]): Placed | undefined {
    const group = slotGroup(key);
    for (const place of leaving) {
      const before = this.tenants.get(place);
      if (before?.seat.tenants.has(before) && !isInherited(before)) return this.seatOn(before.seat, before);
    }
    if (this.parts.register.since === undefined || this.homeless(group).length > 0) return undefined;
    const spare = this.spares.take(group);
    if (spare === undefined) return undefined;
    if (numberOf(spare) < maxScale) {
      return this.seatOn({ group, maxScale, slot: spare, tenants: new Set() });
    }
    // The maximum was lowered meanwhile.
    void this.parts.slots.release(spare);
    return undefined;
  }

  private async placeOnFree({ key, maxScale }: Placeable): Promise<Placed> {
    const { hosts, register, slots, want } = this.parts;
    const group = slotGroup(key);
    if (register.since === undefined) return unreachable;
    try {
      await this.house(group);
      const slot = this.homeless(group).length > 0 ? undefined : await slots.take(group, maxScale);
      if (slot) return this.seatOn({ group, maxScale, slot, tenants: new Set() });
    } catch {
      return unreachable;
    }
    want(key, "MaxScaleReached");
    const holders = [...slots.holders(group)].filter(([host]) => host !== hosts.id);
    const elsewhere = holders.reduce((sum, [, count]) => sum + count, 0);
    const message = `max-scale ${maxScale} is reached: ${slots.own(group)} here, ${elsewhere} in other processes`;
    return { kind: "none", reason: "MaxScaleReached", message, retryAfterMs: soonMs };
  }

  private seatOn(seat: Seat, before?: Tenant): Placed {
    const { group } = seat;
    const tenant: Tenant = { seat, heir: undefined };
    seat.tenants.add(tenant);
    if (before) before.heir = tenant;
    const seats = this.seats.get(group);
    if (seats) seats.add(seat);
    else this.seats.set(group, new Set([seat]));
    const place: Place = {
      kind: "slot",
      release: () => {
        if (seat.tenants.delete(tenant) && seat.tenants.size === 0) this.clear(seat);
      },
    };
    this.tenants.set(place, tenant);
    return place;
  }

  private clear(seat: Seat): void {
    const { group, slot } = seat;
    const seats = this.seats.get(group);
    seats?.delete(seat);
    if (seats?.size === 0) this.seats.delete(group);
    if (slot === undefined) return;
    if (this.homeless(group).length > 0 || !this.spares.keep(slot)) void this.parts.slots.release(slot);
  }

  private lost(slot: Slot): void {
    const { group } = slot;
    const seat = [...(this.seats.get(group) ?? [])].find((each) => each.slot === slot);
    if (!seat) return;
    seat.slot = undefined;
    this.spares.give(group);
    // Given back rather than taken, as when this process was given up for dead: then it is had again at once.
    this.houseSoon(group);
  }

  private homeless(group: string): readonly Seat[] {
    return [...(this.seats.get(group) ?? [])].filter((seat) => seat.slot === undefined);
  }

  private houseSoon(group: string): void {
    // What fails now is done when the storage is there again.
    if (this.homeless(group).length > 0) void this.house(group).catch(() => {});
  }

  /** Finds slots for instances that lost theirs, as far as there are any. Rejects when the storage is away. */
  private async house(group: string): Promise<void> {
    const { slots } = this.parts;
    for (const seat of this.homeless(group)) {
      const slot = await slots.take(group, seat.maxScale);
      if (!slot) return;
      // Another look was faster, or the instance has ended.
      if (seat.slot !== undefined || seat.tenants.size === 0) await slots.release(slot);
      else seat.slot = slot;
    }
  }
}

/** Whether somebody that is there has its part, perhaps from one that had it and is gone. */
function isInherited({ heir, seat }: Tenant): boolean {
  return heir !== undefined && (seat.tenants.has(heir) || isInherited(heir));
}

/** The group of a service's slots. */
export function slotGroup(key: string): string {
  return `slot.${key.replace("/", ".")}`;
}
