import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { ManualClock } from "@rouse/base";
import fc from "fast-check";
import type { KafkaMessage } from "kafkajs";
import { expect, test } from "vitest";
import { MemorySink } from "../memory-sink.testing.ts";
import type { SinkAnswer } from "../sink.ts";
import { type LaneOptions, laneWindow, PartitionLane } from "./partition-lane.ts";

const shape = { namespace: "default", name: "orders", keyType: "string", ceOverrides: undefined } as const;

function laneOf(options: Partial<LaneOptions> = {}) {
  const clock = new ManualClock();
  const sink = new MemorySink(clock);
  const seen = { settled: [] as string[], held: [] as string[], roomy: 0 };
  const lane = new PartitionLane({
    uid: "u",
    shape,
    sink,
    topic: "t",
    partition: 0,
    start: "0",
    ordering: "ordered",
    clock,
    random: () => 0.5,
    events: {
      settled: (outcome) => void seen.settled.push(outcome),
      held: (reason, retryInMs) => void seen.held.push(`${reason} ${retryInMs}`),
      roomy: () => {
        seen.roomy += 1;
      },
    },
    former: undefined,
    ...options,
  });
  return { lane, clock, sink, seen };
}

function messages(from: number, count: number): KafkaMessage[] {
  return Array.from({ length: count }, (_, index) => ({
    offset: String(from + index),
    timestamp: "1700000000000",
    key: null,
    value: Buffer.from(`value ${from + index}`),
    attributes: 0,
    headers: {},
  }));
}

function offsetsIn(sink: MemorySink): string[] {
  return sink.stored.map(({ event }) => String(event.attributes.id).split("offset:")[1]!);
}

test("partition lane: hands over one record at a time when ordered", async () => {
  const { lane, clock, sink } = laneOf();
  const answers: (() => void)[] = [];
  sink.instead = (event, messageId) =>
    new Promise((resolve) => answers.push(() => resolve(sink.store(event, messageId))));
  lane.offer(messages(0, 3), "3");
  await clock.advance(0);
  expect(answers.length).toBe(1);
  answers[0]!();
  await clock.advance(0);
  expect(answers.length).toBe(2);
  expect(lane.position).toBe("1");
  lane.revoke();
  expect(clock.timers).toBe(1);
  answers[1]!();
  await clock.advance(0);
  expect(clock.timers).toBe(0);
});

test("partition lane: hands over up to the window at once when unordered", async () => {
  const { lane, clock, sink } = laneOf({ ordering: "unordered" });
  const answers: (() => void)[] = [];
  sink.instead = (event, messageId) =>
    new Promise((resolve) => answers.push(() => resolve(sink.store(event, messageId))));
  lane.offer(messages(0, 1_000), "1000");
  await clock.advance(0);
  expect(answers.length).toBe(laneWindow);
  answers[5]!();
  await clock.advance(0);
  expect(answers.length).toBe(laneWindow + 1);
  expect(lane.position).toBe("0");
  answers[0]!();
  await clock.advance(0);
  expect(lane.position).toBe("1");
});

test("partition lane: message ids are made of uid, topic, partition, offset and timestamp", async () => {
  const { lane, clock, sink } = laneOf();
  lane.offer(messages(7, 1), "8");
  await clock.advance(0);
  expect(sink.stored.map(({ messageId }) => messageId)).toEqual(["u/t/0/7/1700000000000"]);
});

test("partition lane: waits with growing delays while the sink is unavailable, and skips nothing", async () => {
  const { lane, clock, sink, seen } = laneOf();
  let away = true;
  sink.instead = () => (away ? { kind: "unavailable", reason: "away", retryAfterMs: 50 } : undefined);
  lane.offer(messages(0, 4), "4");
  await clock.advance(350);
  expect(seen.held).toEqual(["away 100", "away 200", "away 400"]);
  expect(sink.appends).toBe(3);
  expect(lane.position).toBe("0");
  away = false;
  await clock.advance(400);
  expect(offsetsIn(sink)).toEqual(["0", "1", "2", "3"]);
  expect(lane.position).toBe("4");
  expect(clock.timers).toBe(0);
});

test("partition lane: the sink's own delay is kept when it is longer, up to the cap", async () => {
  const { lane, clock, sink, seen } = laneOf();
  sink.instead = () => ({ kind: "unavailable", reason: "busy", retryAfterMs: 3_600_000 });
  lane.offer(messages(0, 1), "1");
  await clock.advance(0);
  expect(seen.held).toEqual(["busy 30000"]);
  lane.revoke();
  expect(clock.timers).toBe(0);
});

test("partition lane: a sink that throws, or never answers, is asked again", async () => {
  const { lane, clock, sink } = laneOf();
  let asked = 0;
  sink.instead = () => {
    asked += 1;
    if (asked === 1) throw new Error("lost");
    return asked === 2 ? new Promise<SinkAnswer>(() => undefined) : undefined;
  };
  lane.offer(messages(0, 2), "2");
  await clock.advance(100);
  expect(asked).toBe(2);
  await clock.advance(30_000);
  await clock.advance(200);
  expect(offsetsIn(sink)).toEqual(["0", "1"]);
});

test("partition lane: after the sink was unavailable one record goes first when unordered", async () => {
  const { lane, clock, sink } = laneOf({ ordering: "unordered" });
  let away = true;
  sink.instead = () => (away ? { kind: "unavailable", reason: "away", retryAfterMs: 0 } : undefined);
  lane.offer(messages(0, 300), "300");
  await clock.advance(0);
  expect(sink.appends).toBe(laneWindow);
  await clock.advance(100);
  expect(sink.appends).toBe(laneWindow + 1);
  away = false;
  await clock.advance(200);
  expect(new Set(offsetsIn(sink)).size).toBe(300);
  expect(lane.position).toBe("300");
});

test("partition lane: a record that is refused is buried with its event, and the next follows", async () => {
  const { lane, clock, sink, seen } = laneOf();
  sink.instead = (event) =>
    String(event.attributes.id).endsWith(":0") ? { kind: "refused", reason: "too large" } : undefined;
  let buries = 0;
  sink.insteadOfBurying = () => (buries++ === 0 ? { kind: "unavailable", reason: "away", retryAfterMs: 0 } : undefined);
  lane.offer(messages(0, 2), "2");
  await clock.advance(0);
  expect(lane.position).toBe("0");
  await clock.advance(100);
  expect(sink.appends).toBe(2);
  expect(sink.buried).toMatchObject([
    {
      messageId: "u/t/0/0/1700000000000",
      what: { reason: "event-refused", message: "too large", origin: { topic: "t", partition: 0, offset: "0" } },
    },
  ]);
  expect(Buffer.from(sink.buried[0]!.what.event!.data!).toString()).toBe("value 0");
  expect(seen.settled).toEqual(["buried", "stored"]);
  expect(lane.position).toBe("2");
});

test("partition lane: a record that breaks the specification is buried with its bytes", async () => {
  const { lane, clock, sink } = laneOf();
  const [first, second] = messages(0, 2);
  lane.offer([{ ...first!, headers: { ce_specversion: Buffer.from("1.0") } } as KafkaMessage, second!], "2");
  await clock.advance(0);
  expect(sink.buried[0]!.what).toMatchObject({ reason: "event-invalid", event: undefined });
  expect(Buffer.from(sink.buried[0]!.what.raw!).toString()).toBe("value 0");
  expect(offsetsIn(sink)).toEqual(["1"]);
});

test("partition lane: what is stored after the partition was taken away is not counted", async () => {
  const { lane, clock, sink, seen } = laneOf();
  const answers: (() => void)[] = [];
  sink.instead = (event, messageId) =>
    new Promise((resolve) => answers.push(() => resolve(sink.store(event, messageId))));
  lane.offer(messages(0, 3), "3");
  await clock.advance(0);
  lane.revoke();
  answers[0]!();
  await clock.advance(0);
  expect([lane.position, seen.settled, answers.length]).toEqual(["0", [], 1]);
});

test("partition lane: a stopped lane begins nothing and still counts what is in flight", async () => {
  const { lane, clock, sink } = laneOf();
  const answers: (() => void)[] = [];
  sink.instead = (event, messageId) =>
    new Promise((resolve) => answers.push(() => resolve(sink.store(event, messageId))));
  lane.offer(messages(0, 3), "3");
  await clock.advance(0);
  lane.stop();
  answers[0]!();
  await lane.idle();
  expect([lane.position, answers.length]).toEqual(["1", 1]);
});

test("partition lane: an ordered lane waits for the last try of the one before it", async () => {
  const before = laneOf();
  const answers: (() => void)[] = [];
  before.sink.instead = (event, messageId) =>
    new Promise((resolve) => answers.push(() => resolve(before.sink.store(event, messageId))));
  before.lane.offer(messages(0, 1), "1");
  before.lane.revoke();
  const { lane, clock, sink } = laneOf({ former: before.lane });
  lane.offer(messages(0, 1), "1");
  await clock.advance(0);
  expect(sink.appends).toBe(0);
  answers[0]!();
  await clock.advance(0);
  expect(sink.appends).toBe(1);
});

test("partition lane: is full above the window and says when half of it is free", async () => {
  const { lane, clock, sink, seen } = laneOf();
  const answers: (() => void)[] = [];
  sink.instead = (event, messageId) =>
    new Promise((resolve) => answers.push(() => resolve(sink.store(event, messageId))));
  lane.offer(messages(0, 257), "257");
  expect(lane.full).toBe(true);
  while (answers.length <= 128) {
    answers.at(-1)!();
    await clock.advance(0);
  }
  expect(seen.roomy).toBe(0);
  answers.at(-1)!();
  await clock.advance(0);
  expect([lane.full, seen.roomy]).toEqual([false, 1]);
});

const answers = fc.array(fc.constantFrom("store", "unavailable", "throw", "store and throw", "silence"), {
  maxLength: 40,
});

test("partition lane: is full of few records when they are large, until they are stored", async () => {
  const { lane, clock, sink, seen } = laneOf();
  const answers: (() => void)[] = [];
  sink.instead = (event, messageId) =>
    new Promise((resolve) => answers.push(() => resolve(sink.store(event, messageId))));
  const large = messages(0, 5).map((message) => ({ ...message, value: Buffer.alloc(1024 * 1024) }));
  lane.offer(large.slice(0, 3), "3");
  expect(lane.full).toBe(false);
  lane.offer(large.slice(3), "5");
  expect([lane.full, seen.roomy]).toEqual([true, 0]);
  for (let stored = 0; stored < 5; stored += 1) {
    await clock.advance(0);
    answers[stored]!();
  }
  await clock.advance(0);
  expect([lane.full, seen.roomy, lane.position]).toEqual([false, 1, "5"]);
});

test("partition lane: keeps nothing of the lane before it once that is idle", async () => {
  setFlagsFromString("--expose-gc");
  const collect = runInNewContext("gc") as () => void;
  let lane = laneOf().lane;
  const first = new WeakRef(lane);
  for (let rebalance = 0; rebalance < 3; rebalance += 1) lane = laneOf({ former: lane }).lane;
  await new Promise((resolve) => setImmediate(resolve));
  collect();
  expect([first.deref(), lane.active]).toEqual([undefined, true]);
});

test("partition lane: whatever the sink does, an ordered lane stores every record, none before an earlier one", async () => {
  await fc.assert(
    fc.asyncProperty(answers, fc.integer({ min: 1, max: 20 }), async (script, count) => {
      const { lane, clock, sink } = laneOf();
      const left = [...script];
      sink.instead = (event, messageId) => {
        const next = left.shift() ?? "store";
        if (next === "store and throw") sink.store(event, messageId);
        if (next.endsWith("throw")) throw new Error("lost");
        if (next === "silence") return new Promise<SinkAnswer>(() => undefined);
        return next === "unavailable" ? { kind: "unavailable", reason: "away", retryAfterMs: 10 } : undefined;
      };
      lane.offer(messages(0, count), String(count));
      // A position never runs ahead of what is stored, at any moment on the way.
      for (let steps = 0; lane.position !== String(count) && steps < 1_000; steps += 1) {
        expect(Number(lane.position)).toBeLessThanOrEqual(sink.stored.length);
        await clock.advance(2_000);
      }
      const offsets = offsetsIn(sink).map(Number);
      expect([...new Set(offsets)]).toEqual(Array.from({ length: count }, (_, index) => index));
      expect(clock.timers).toBe(0);
    }),
    { numRuns: 25 },
  );
});
