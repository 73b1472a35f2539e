import fc from "fast-check";
import { expect, test } from "vitest";
import { workloadOf } from "../workload.testing.ts";
import type { Workload } from "../workload.ts";
import { nextAlarm } from "./next-alarm.ts";
import type { Effect, Input } from "./serving-draft.ts";
import { absent, current, type ServingState, tallyOf } from "./serving-state.ts";
import { step } from "./states.ts";

type Move =
  | { readonly kind: "acquire" | "abandon" | "release" | "listen" | "time-out"; readonly pick: number }
  | { readonly kind: "freeze" | "fail-to-freeze" | "thaw"; readonly pick: number }
  | { readonly kind: "backlog" | "floor"; readonly count: number }
  | { readonly kind: "expect"; readonly inMs: number; readonly leadMs: number }
  | { readonly kind: "wake" | "recycle" | "alarm" | "new-generation" }
  | { readonly kind: "pass"; readonly ms: number };
type Action =
  | Move
  | { readonly kind: "exit"; readonly pick: number }
  | { readonly kind: "refuse"; readonly pick: number }
  | { readonly kind: "unplace"; readonly pick: number };

const pick = fc.nat(20);
const action: fc.Arbitrary<Action> = fc.oneof(
  {
    weight: 6,
    arbitrary: fc.record({ kind: fc.constantFrom("acquire" as const, "release" as const, "listen" as const), pick }),
  },
  {
    weight: 2,
    arbitrary: fc.record({ kind: fc.constantFrom("abandon", "exit", "refuse", "time-out", "unplace"), pick }),
  },
  { weight: 3, arbitrary: fc.record({ kind: fc.constantFrom("freeze", "freeze", "fail-to-freeze", "thaw"), pick }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constantFrom("backlog", "floor"), count: fc.nat(6) }) },
  {
    weight: 1,
    arbitrary: fc.record({ kind: fc.constant("expect" as const), inMs: fc.nat(20_000), leadMs: fc.nat(2_000) }),
  },
  { weight: 1, arbitrary: fc.record({ kind: fc.constantFrom("wake", "recycle", "alarm", "new-generation") }) },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant("pass" as const), ms: fc.nat(70_000) }) },
);

function pickOf(from: Iterable<number>, n: number): number | undefined {
  const all = [...from];
  return all[n % Math.max(1, all.length)];
}

/** The world around the state machine: who waits, which leases are out, which processes exist. */
class World {
  state: ServingState;
  now = 0;
  waiting = 0;
  readonly leases: number[] = [];
  readonly processes = new Set<number>();
  readonly asked = new Set<number>();
  /** Asked to freeze, and not said to go on since. */
  readonly frozen = new Set<number>();
  readonly thawing = new Set<number>();
  private readonly listens = new Set<number>();

  constructor(fields: Partial<Workload>) {
    this.state = absent(workloadOf({ idleMs: 5_000, windowMs: 10_000, ...fields }));
  }

  feed(input: Input): void {
    const before = this.state;
    const next = step(before, input, this.now);
    this.state = next.state;
    this.expectCautiousStarts(before, next.effects);
    if (input.kind === "recycle") this.expectNoneStoppedOf(next.effects, this.unheard());
    for (const effect of next.effects) this.run(effect);
    expect(this.state.waiting).toBe(this.waiting);
    expect(current(tallyOf(this.state))).toBeLessThanOrEqual(this.state.workload.maxScale);
    expect(nextAlarm(this.state, this.now) ?? Number.POSITIVE_INFINITY).toBeGreaterThan(this.now);
    for (const it of this.state.instances) if ("busy" in it) expect(it.busy).toBe(this.leasesOf(it.id));
  }

  act(action: Action): void {
    if (action.kind === "exit") this.end(pickOf(this.processes, action.pick), "exited");
    else if (action.kind === "refuse") this.end(pickOf(this.unheard(), action.pick), "refused");
    else if (action.kind === "unplace") this.end(pickOf(this.unheard(), action.pick), "unplaced");
    else {
      const input = this.inputOf(action);
      if (input) this.feed(input);
    }
  }

  private inputOf(action: Move): Input | undefined {
    switch (action.kind) {
      case "acquire":
        this.waiting++;
        return { kind: "acquire" };
      case "abandon":
        if (this.waiting === 0) return undefined;
        this.waiting--;
        return { kind: "abandoned" };
      case "release": {
        const id = this.leases.splice(action.pick % Math.max(1, this.leases.length), 1)[0];
        return id === undefined ? undefined : { kind: "released", id };
      }
      case "listen": {
        const id = pickOf(this.unheard(), action.pick);
        if (id === undefined) return undefined;
        this.listens.add(id);
        return { kind: "listening", id, startMs: 1 };
      }
      case "time-out": {
        const id = pickOf(this.unheard(), action.pick);
        return id === undefined ? undefined : { kind: "timed-out", id, message: "late", chance: 0.5 };
      }
      case "freeze":
      case "fail-to-freeze": {
        const id = pickOf(this.answerable(this.frozen), action.pick);
        if (id === undefined || this.thawing.has(id)) return undefined;
        if (action.kind === "freeze") return { kind: "frozen", id };
        if (this.state.instances.some((it) => it.id === id && it.kind !== "freezing")) return undefined;
        this.frozen.delete(id);
        return { kind: "frozen", id, message: "is not permitted" };
      }
      case "thaw": {
        const id = pickOf(this.answerable(this.thawing), action.pick);
        if (id === undefined) return undefined;
        this.thawing.delete(id);
        this.frozen.delete(id);
        return { kind: "thawed", id };
      }
      case "backlog":
      case "floor":
        return { kind: action.kind, count: action.count };
      case "expect":
        return { kind: "expected", at: this.now + action.inMs, leadMs: action.leadMs };
      case "new-generation":
        return {
          kind: "configured",
          workload: { ...this.state.workload, generation: this.state.workload.generation + 1 },
        };
      case "pass":
        this.now += action.ms;
        return { kind: "alarm" };
      case "recycle":
        return { kind: "recycle", paths: ["index.js"], changedAt: this.now };
      default:
        return { kind: action.kind };
    }
  }

  private answerable(ids: Set<number>): number[] {
    return [...ids].filter((id) => this.processes.has(id));
  }

  /** Processes that were not asked to end and do not listen yet. */
  private unheard(): number[] {
    return [...this.processes].filter((id) => !this.listens.has(id) && !this.asked.has(id));
  }

  end(id: number | undefined, kind: "exited" | "refused" | "unplaced"): void {
    if (id === undefined || !this.processes.delete(id)) return;
    for (let at = this.leases.indexOf(id); at !== -1; at = this.leases.indexOf(id)) this.leases.splice(at, 1);
    this.feed({ kind, id, reason: "Refused", message: "ended", chance: 0.5, retryAfterMs: 800 });
  }

  private expectNoneStoppedOf(effects: readonly Effect[], ids: readonly number[]): void {
    expect(effects.filter((it) => it.kind === "stop" && ids.includes(it.id))).toEqual([]);
  }

  /** While starts fail, and before the first one that did not, there is one start at a time. */
  private expectCautiousStarts(before: ServingState, effects: readonly Effect[]): void {
    const starts = effects.filter((it) => it.kind === "start").length;
    if (starts === 0 || this.state.proven) return;
    expect(starts).toBe(1);
    expect(tallyOf(this.state).starting).toBe(1);
    if (before.edition === this.state.edition) expect(before.backoffUntil).toBeLessThanOrEqual(this.now);
  }

  private leasesOf(id: number): number {
    return this.leases.filter((it) => it === id).length;
  }

  private run(effect: Effect): void {
    switch (effect.kind) {
      case "start":
        this.processes.add(effect.id);
        return;
      case "stop":
        expect(this.processes.has(effect.id)).toBe(true);
        this.asked.add(effect.id);
        return;
      case "freeze":
        expect(this.leasesOf(effect.id)).toBe(0);
        this.frozen.add(effect.id);
        return;
      case "thaw":
        expect(this.frozen.has(effect.id)).toBe(true);
        this.thawing.add(effect.id);
        return;
      case "grant":
        expect(this.frozen.has(effect.id)).toBe(false);
        expect(this.listens.has(effect.id) && !this.asked.has(effect.id)).toBe(true);
        expect(this.leasesOf(effect.id)).toBeLessThan(this.state.workload.concurrency);
        this.waiting--;
        this.leases.push(effect.id);
        return;
      case "hold":
        expect(effect.retryAfterMs).toBeGreaterThan(0);
        this.waiting = 0;
        return;
      default:
        return;
    }
  }
}

const fields = fc.record({
  maxScale: fc.integer({ min: 1, max: 4 }),
  minScale: fc.constantFrom(0, 0, 2),
  concurrency: fc.constantFrom(1, 2, 5),
  freezeMs: fc.constantFrom(undefined, 1_000, 10_000),
  lifetimeMs: fc.constantFrom(undefined, 30_000),
  scaleDownDelayMs: fc.constantFrom(0, 7_000),
});

test("states: under any course of events no lease is of an instance that is not ready, the maximum holds, all who wait are answered, and nothing is left when traffic stops", () => {
  fc.assert(
    fc.property(fc.array(action, { maxLength: 60 }), fields, (actions, workload) => {
      const world = new World(workload);
      for (const it of actions) world.act(it);
      // Traffic stops; every start succeeds, every lease comes back, every process that is asked for something does it.
      world.act({ kind: "floor", count: 0 });
      for (let n = 0; n < 300 && (world.waiting > 0 || world.processes.size > 0); n++) {
        world.act({ kind: "listen", pick: n });
        world.act({ kind: "release", pick: n });
        world.act({ kind: "freeze", pick: n });
        world.act({ kind: "thaw", pick: n });
        for (const id of world.asked) world.end(id, "exited");
        const alarm = nextAlarm(world.state, world.now);
        if (world.leases.length === 0 && world.waiting === 0 && alarm !== undefined)
          world.act({ kind: "pass", ms: alarm - world.now });
      }
      expect({ waiting: world.waiting, leases: world.leases, instances: world.state.instances }).toEqual({
        waiting: 0,
        leases: [],
        instances: [],
      });
    }),
    { numRuns: 400 },
  );
});

test("states: from any state an hour of alarms and nothing else has few of them, each later than the one before", () => {
  fc.assert(
    fc.property(fc.array(action, { maxLength: 40 }), fields, (actions, workload) => {
      const world = new World(workload);
      for (const it of actions) world.act(it);
      const end = world.now + 3_600_000;
      let alarms = 0;
      for (let at = nextAlarm(world.state, world.now); at !== undefined && at < end; alarms++) {
        expect(at).toBeGreaterThan(world.now);
        expect(alarms).toBeLessThan(600);
        world.act({ kind: "pass", ms: at - world.now });
        at = nextAlarm(world.state, world.now);
      }
    }),
    { numRuns: 200 },
  );
});
