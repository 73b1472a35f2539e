import fc from "fast-check";
import { expect, test } from "vitest";
import type { Effect, Input } from "./serving-draft.ts";
import { absent, nextAlarm, type ServingState } from "./serving-state.ts";
import { step } from "./states.ts";
import { workloadOf } from "./workload.testing.ts";

type Move =
  | { readonly kind: "acquire" | "abandon" | "release" | "listen" | "time-out"; readonly pick: number }
  | { readonly kind: "wake" | "recycle" | "alarm" | "new-generation" }
  | { readonly kind: "pass"; readonly ms: number };
type Action =
  | Move
  | { readonly kind: "exit"; readonly pick: number }
  | { readonly kind: "refuse"; readonly pick: number };

const pick = fc.nat(20);
const action: fc.Arbitrary<Action> = fc.oneof(
  {
    weight: 6,
    arbitrary: fc.record({ kind: fc.constantFrom("acquire" as const, "release" as const, "listen" as const), pick }),
  },
  { weight: 2, arbitrary: fc.record({ kind: fc.constantFrom("abandon", "exit", "refuse", "time-out"), pick }) },
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
  private readonly listens = new Set<number>();
  private readonly maxScale: number;
  private readonly slots: number;

  constructor(maxScale: number, slots: number) {
    this.maxScale = maxScale;
    this.slots = slots;
    this.state = absent(workloadOf({ maxScale, concurrency: slots, idleMs: 5_000 }));
  }

  feed(input: Input): void {
    const next = step(this.state, input, this.now);
    this.state = next.state;
    if (input.kind === "recycle") this.expectNoneStoppedOf(next.effects, this.unheard());
    for (const effect of next.effects) this.run(effect);
    expect(this.state.waiting).toBe(this.waiting);
    const serving = this.state.instances.filter((it) => it.kind === "starting" || it.kind === "ready");
    expect(serving.filter((it) => it.edition === this.state.edition).length).toBeLessThanOrEqual(this.maxScale);
    for (const it of this.state.instances) if ("busy" in it) expect(it.busy).toBe(this.leasesOf(it.id));
  }

  act(action: Action): void {
    if (action.kind === "exit") this.end(pickOf(this.processes, action.pick), "exited");
    else if (action.kind === "refuse") this.end(pickOf(this.unheard(), action.pick), "refused");
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

  /** Processes that were not asked to end and do not listen yet. */
  private unheard(): number[] {
    return [...this.processes].filter((id) => !this.listens.has(id) && !this.asked.has(id));
  }

  end(id: number | undefined, kind: "exited" | "refused"): void {
    if (id === undefined || !this.processes.delete(id)) return;
    for (let at = this.leases.indexOf(id); at !== -1; at = this.leases.indexOf(id)) this.leases.splice(at, 1);
    this.feed({ kind, id, reason: "Refused", message: "ended", chance: 0.5 });
  }

  private expectNoneStoppedOf(effects: readonly Effect[], ids: readonly number[]): void {
    expect(effects.filter((it) => it.kind === "stop" && ids.includes(it.id))).toEqual([]);
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
      case "grant":
        expect(this.listens.has(effect.id) && !this.asked.has(effect.id)).toBe(true);
        expect(this.leasesOf(effect.id)).toBeLessThan(this.slots);
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

test("states: under any course of events no lease is of an instance that is not ready, the maximum holds, all who wait are answered, and nothing is left when traffic stops", () => {
  fc.assert(
    fc.property(
      fc.array(action, { maxLength: 60 }),
      fc.integer({ min: 1, max: 4 }),
      fc.constantFrom(1, 2, 5),
      (actions, maxScale, slots) => {
        const world = new World(maxScale, slots);
        for (const it of actions) world.act(it);
        // Traffic stops; every start succeeds, every lease comes back, every process that is asked to end does.
        for (let n = 0; n < 300 && (world.waiting > 0 || world.processes.size > 0); n++) {
          world.act({ kind: "listen", pick: 0 });
          world.act({ kind: "release", pick: 0 });
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
      },
    ),
    { numRuns: 300 },
  );
});
