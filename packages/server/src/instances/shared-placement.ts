import type { Clock } from "@rouse/base";
import type { Placed, Placement, Program, Workload } from "@rouse/serving-client";
import { groupOf, type Register } from "../store/register.ts";
import { Floors } from "./floors.ts";
import type { Hosts } from "./hosts.ts";
import { numberOf, type Slot, type Slots } from "./slots.ts";
import { SpareSlots } from "./spare-slots.ts";
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

/** An instance that runs, and the slot it runs on: none after it was lost, until another is free. */
interface Tenancy {
  slot: Slot | undefined;
  ended: boolean;
}

/**
 * `max-scale` over all processes: an instance is started on a slot that no other process holds. A process that was given
 * up for dead and comes back may have instances without slots: it gets none for new ones until those have slots again.
 */
export class SharedPlacement implements Placement {
  private readonly parts: PlacementParts;
  private readonly floors: Floors;
  private readonly spares: SpareSlots;
  /** Instances whose slots were lost, by group. */
  private readonly homeless = new Map<string, { readonly maxScale: number; readonly tenancies: Set<Tenancy> }>();
  private readonly tenants = new Map<Slot, { readonly tenancy: Tenancy; readonly maxScale: number }>();
  private readonly stops: (() => void)[];

  constructor(parts: PlacementParts) {
    this.parts = parts;
    this.floors = new Floors(parts);
    this.spares = new SpareSlots(parts);
    const { register, slots } = parts;
    this.stops = [
      slots.onLost((slot) => this.lost(slot)),
      register.onUp(() => {
        for (const group of this.homeless.keys()) void this.house(group).catch(() => {});
      }),
      register.onChange(({ key, value }) => {
        const group = groupOf(key);
        if (value === undefined && this.homeless.has(group)) void this.house(group).catch(() => {});
      }),
    ];
  }

  place({ key, maxScale }: Pick<Workload, "key" | "maxScale">): Placed | Promise<Placed> {
    const { hosts, programOf, want } = this.parts;
    const program = programOf(key);
    if (program !== undefined && !hosts.runsHere(program)) {
      const able = hosts.canRun(program);
      if (able.kind === "no")
        return { kind: "none", reason: able.reason, message: able.message, retryAfterMs: laterMs };
      want(key, "RunsElsewhere");
      const message = `this process cannot run a ${program.kind}; another one can, and is asked to take the events`;
      return { kind: "none", reason: "RunsElsewhere", message, retryAfterMs: laterMs };
    }
    if (maxScale === 0) return { kind: "slot", release: () => {} };
    return this.placeOnSpare(key, maxScale) ?? this.placeOnSlot(key, maxScale);
  }

  watchFloor(workload: Pick<Workload, "key" | "minScale">, told: (count: number) => void): () => void {
    return this.floors.watch(workload, told);
  }

  close(): void {
    for (const stop of this.stops) stop();
    this.floors.close();
    this.spares.close();
  }

  private placeOnSpare(key: string, maxScale: number): Placed | undefined {
    const group = slotGroup(key);
    if (this.parts.register.since === undefined || this.homeless.has(group)) return undefined;
    const spare = this.spares.take(group);
    if (spare === undefined) return undefined;
    if (numberOf(spare) < maxScale) return this.tenancyOn(spare, maxScale);
    // The maximum was lowered meanwhile.
    void this.parts.slots.release(spare);
    return undefined;
  }

  private async placeOnSlot(key: string, maxScale: number): Promise<Placed> {
    const { register, slots, want } = this.parts;
    const group = slotGroup(key);
    if (register.since === undefined) return unreachable;
    try {
      await this.house(group);
      const slot = this.homeless.has(group) ? undefined : await slots.take(group, maxScale);
      if (slot) return this.tenancyOn(slot, maxScale);
    } catch {
      return unreachable;
    }
    want(key, "MaxScaleReached");
    const elsewhere = [...slots.holders(group)].reduce(
      (sum, [host, n]) => (host === this.parts.hosts.id ? sum : sum + n),
      0,
    );
    const message = `max-scale ${maxScale} is reached: ${slots.own(group)} here, ${elsewhere} in other processes`;
    return { kind: "none", reason: "MaxScaleReached", message, retryAfterMs: soonMs };
  }

  private tenancyOn(slot: Slot, maxScale: number): Placed {
    const tenancy: Tenancy = { slot, ended: false };
    this.tenants.set(slot, { tenancy, maxScale });
    const { group } = slot;
    return {
      kind: "slot",
      release: () => {
        if (tenancy.ended) return;
        tenancy.ended = true;
        this.housed(group, tenancy);
        if (tenancy.slot === undefined) return;
        this.tenants.delete(tenancy.slot);
        const wanted = this.homeless.has(group);
        if (wanted || !this.spares.keep(tenancy.slot)) void this.parts.slots.release(tenancy.slot);
      },
    };
  }

  private lost(slot: Slot): void {
    const tenant = this.tenants.get(slot);
    if (!tenant) return;
    this.tenants.delete(slot);
    tenant.tenancy.slot = undefined;
    const { group } = slot;
    const others = this.homeless.get(group);
    if (others) others.tenancies.add(tenant.tenancy);
    else this.homeless.set(group, { maxScale: tenant.maxScale, tenancies: new Set([tenant.tenancy]) });
    this.spares.give(group);
    // Given back rather than taken, as when this process was given up for dead: then it is had again at once.
    void this.house(group).catch(() => {});
  }

  /** Finds slots for instances that lost theirs, as far as there are any. Rejects when the storage is away. */
  private async house(group: string): Promise<void> {
    const waiting = this.homeless.get(group);
    if (!waiting) return;
    const { maxScale, tenancies } = waiting;
    for (const tenancy of [...tenancies]) {
      const slot = await this.parts.slots.take(group, maxScale);
      if (!slot) return;
      if (!this.housed(group, tenancy)) {
        await this.parts.slots.release(slot);
        continue;
      }
      tenancy.slot = slot;
      this.tenants.set(slot, { tenancy, maxScale });
    }
  }

  /** False when it was not homeless any more: another look was faster, or it ended. */
  private housed(group: string, tenancy: Tenancy): boolean {
    const waiting = this.homeless.get(group);
    const was = waiting?.tenancies.delete(tenancy) ?? false;
    if (waiting?.tenancies.size === 0) this.homeless.delete(group);
    return was;
  }
}

/** The group of a service's slots. */
export function slotGroup(key: string): string {
  return `slot.${key.replace("/", ".")}`;
}
