import { ManualClock } from "@rouse/base";
import fc from "fast-check";
import { expect, test } from "vitest";
import { MemorySink } from "../memory-sink.testing.ts";
import { MemoryLedger } from "./memory-ledger.testing.ts";
import { createPingSource, type PingDefinition, type PingSource } from "./ping-source.ts";

const start = Date.UTC(2026, 0, 1, 12, 0, 30);
const definition: PingDefinition = {
  uid: "u1",
  namespace: "default",
  name: "p",
  schedule: "* * * * *",
  timezone: undefined,
  contentType: undefined,
  data: undefined,
  dataBase64: undefined,
  ceOverrides: undefined,
  missedTicks: "all",
  missedTicksDeadlineMs: 24 * 3_600_000,
  paused: false,
  createdAt: start,
};

const replica = fc.constantFrom(0, 1);
const action = fc.oneof(
  {
    weight: 4,
    arbitrary: fc.record({ kind: fc.constant("pass" as const), seconds: fc.integer({ min: 1, max: 400 }) }),
  },
  fc.record({ kind: fc.constant("start" as const), replica }),
  fc.record({ kind: fc.constant("stop" as const), replica }),
  fc.record({ kind: fc.constantFrom("sink-away" as const, "sink-back" as const, "answers-lost" as const) }),
  fc.record({ kind: fc.constantFrom("ledger-away" as const, "ledger-back" as const) }),
);
const step = fc.record({ kind: fc.constant("step" as const), seconds: fc.integer({ min: -3000, max: 3000 }) });
type Action =
  | (typeof action extends fc.Arbitrary<infer T> ? T : never)
  | (typeof step extends fc.Arbitrary<infer T> ? T : never);

/** Plays the actions on two replicas and ends with one of them running and everything in order. */
async function play(
  actions: readonly Action[],
): Promise<{ times: string[]; ids: string[]; now: number; timers: number }> {
  const clock = new ManualClock(start);
  const sink = new MemorySink(clock);
  const ledger = new MemoryLedger();
  const running: (PingSource | undefined)[] = [undefined, undefined];
  const begin = (index: number): void => {
    running[index] ??= createPingSource({ definition, sink, ledger, clock });
    running[index]?.start();
  };
  const stop = async (index: number): Promise<void> => {
    await running[index]?.[Symbol.asyncDispose]();
    running[index] = undefined;
  };
  const away = { kind: "unavailable", reason: "away", retryAfterMs: 0 } as const;
  const doings: { [K in Action["kind"]]: (action: Extract<Action, { kind: K }>) => unknown } = {
    pass: ({ seconds }) => clock.advance(seconds * 1000),
    start: ({ replica }) => begin(replica),
    stop: ({ replica }) => stop(replica),
    step: ({ seconds }) => clock.stepWall(seconds * 1000),
    "sink-away": () => {
      sink.instead = () => away;
    },
    "sink-back": () => {
      sink.instead = undefined;
    },
    "answers-lost": () => {
      sink.instead = (event) => {
        sink.store(event, event.attributes.id.replace("u1-", "u1/"));
        return away;
      };
    },
    "ledger-away": () => {
      ledger.broken = true;
    },
    "ledger-back": () => {
      ledger.broken = false;
    },
  };
  for (const next of actions) await (doings[next.kind] as (action: Action) => unknown)(next);
  sink.instead = undefined;
  ledger.broken = false;
  begin(0);
  await clock.advance(150_000);
  await Promise.all([stop(0), stop(1)]);
  const ids = sink.stored.map((kept) => kept.event.attributes.id);
  return { times: sink.times, ids, now: clock.now(), timers: clock.timers };
}

test("ping source: under restarts, outages and clock steps no tick is ever two events", async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(fc.oneof(action, step), { maxLength: 25 }), async (actions) => {
      const { ids, timers } = await play(actions);
      expect(new Set(ids).size).toBe(ids.length);
      expect(timers).toBe(0);
    }),
    { numRuns: 25 },
  );
});

test("ping source: under restarts and outages every tick is an event, when all missed ones are wanted", async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(action, { maxLength: 20 }), async (actions) => {
      const { times, now } = await play(actions);
      const expected: string[] = [];
      for (let at = start + 30_000; at <= now; at += 60_000)
        expected.push(new Date(at).toISOString().replace(".000", ""));
      expect([...times].sort()).toEqual(expected);
    }),
    { numRuns: 25 },
  );
});

test("ping source: a replica that starts on a clock gone back does not repeat what another stored ahead of it", async () => {
  const { ids } = await play([
    { kind: "step", seconds: 30 },
    { kind: "start", replica: 0 },
    { kind: "step", seconds: -120 },
    { kind: "start", replica: 1 },
  ]);
  expect(new Set(ids).size).toBe(ids.length);
});
