import { expect, test } from "vitest";
import { accept, event, type Rig, route, startRig, type TestDeliver } from "./broker-rig.testing.ts";
import type { FaultPoint } from "./fault-points.ts";
import { encodeLogMessage } from "./format/message.ts";
import { jetstreamNames } from "./jetstream-names.ts";
import { createMemoryEngine } from "./log/memory-engine.ts";

const names = jetstreamNames("default", "default");
const failed = { reason: "failed", message: "answered 503", status: 503 };
const hang: TestDeliver = () => new Promise(() => {});

async function publish(rig: Rig, subject: string, headers: Record<string, string>, data = "x"): Promise<void> {
  const stream = await rig.engine.stream({
    name: subject.includes(".lane.") ? names.laneStream : names.logStream,
    subjects: [subject.includes(".lane.") ? names.laneSubjects : names.logSubjects],
    retention: subject.includes(".lane.") ? "workqueue" : "limits",
    maxAgeMs: 0,
    maxBytes: 0,
    duplicateWindowMs: 120_000,
    replicas: 1,
    discard: "old",
  });
  await stream.append({ subject, headers, data: Buffer.from(data), messageId: `test-${data}` });
}

test("broker: nothing is routed, swept or dead-lettered before the configuration is loaded", async () => {
  await using first = await startRig({ routes: [route("a", { paused: true })] });
  await first.broker.append(event("1"));
  await first.settle();
  first.kill();
  await using second = await first.another({ routes: [], loaded: false });
  await second.broker.append(event("2"));
  await second.clock.advance(120_000);
  expect(await second.dead()).toEqual([]);
  expect((await second.broker.numbers()).unrouted).toBe(1);
  second.matcher.routes.set("a", route("a"));
  second.configuration.set({ loaded: true });
  await second.clock.advance(1_000);
  expect(second.trace.sort()).toEqual(["1:a:1", "2:a:1"]);
});

test("broker: an event whose ingress knew a newer configuration waits for it", async () => {
  await using rig = await startRig();
  await using ahead = await rig.another();
  ahead.broker[Symbol.asyncDispose]();
  const content = encodeLogMessage(event("1"), { revision: 7, hops: 255, addressee: undefined });
  await publish(rig, names.logSubject("t"), { ...content.headers }, "1");
  await rig.clock.advance(12_000);
  expect(rig.trace).toEqual([]);
  rig.matcher.routes.set("b", route("b"));
  rig.configuration.set({ revision: 7 });
  await rig.clock.advance(1_000);
  expect(rig.trace).toEqual(["1:a:1", "1:b:1"]);
});

test("broker: a lane left full by a process that died is found by the sweep of another", async () => {
  await using first = await startRig({ deliver: hang, routes: [route("a", { paused: true })] });
  for (let n = 1; n <= 50; n++) await first.broker.append(event(String(n)));
  await first.settle();
  first.kill();
  await using second = await first.another({ deliver: accept, routes: [route("a")] });
  await second.settle();
  expect(second.trace).toHaveLength(50);
  expect((await second.broker.numbers()).lanes).toEqual(new Map());
});

test("broker: messages that a dead process held in a lane come again after the ack wait", async () => {
  await using first = await startRig({ coldTargets: ["url:a"], deliver: hang });
  await first.broker.append(event("1"));
  await first.settle();
  expect(first.trace).toEqual(["1:a:1"]);
  first.kill();
  await using second = await first.another({ deliver: accept });
  await second.clock.advance(31_000);
  expect(second.trace).toEqual(["1:a:1"]);
});

test("broker: a lane is closed after five idle seconds, and opened again by the next copy", async () => {
  const points: FaultPoint[] = [];
  await using rig = await startRig({ coldTargets: ["url:a"], change: { faults: (point) => points.push(point) } });
  await rig.broker.append(event("1"));
  await rig.clock.advance(12_000);
  expect(points.filter((point) => point.startsWith("d"))).toEqual([
    "durable-created",
    "drained-seen",
    "durable-deleted",
  ]);
  await rig.broker.append(event("2"));
  await rig.clock.advance(12_000);
  expect(points.filter((point) => point === "durable-deleted")).toHaveLength(2);
  expect(rig.trace).toEqual(["1:a:1", "2:a:1"]);
  expect(rig.clock.timers).toBeLessThan(6);
});

test("broker: copies whose trigger is gone become dead records, with the number of attempts made", async () => {
  await using rig = await startRig();
  rig.deliver = () => ({ kind: "again", notBefore: rig.clock.now() + 5_000, failure: failed });
  await rig.broker.append(event("1"));
  await rig.settle();
  rig.matcher.routes.delete("a");
  rig.configuration.set({ revision: 2 });
  await rig.clock.advance(6_000);
  expect(await rig.dead("a")).toMatchObject([{ sequence: 1, attempts: 1, failure: { reason: "trigger-deleted" } }]);
  expect((await rig.broker.numbers()).lanes).toEqual(new Map());
});

test("broker: a copy of a trigger that this process does not know yet is left for later", async () => {
  await using first = await startRig({ routes: [route("a", { paused: true })] });
  first.configuration.set({ revision: 9 });
  await first.broker.append(event("1"));
  await first.settle();
  first.kill();
  await using second = await first.another({ routes: [] });
  await second.clock.advance(60_000);
  expect(await second.dead()).toEqual([]);
  second.matcher.routes.set("a", route("a"));
  second.configuration.set({ revision: 9 });
  await second.clock.advance(10_000);
  expect(second.trace).toEqual(["1:a:1"]);
});

test("broker: deleting a trigger drops its lane and says how much was in it", async () => {
  await using rig = await startRig({ routes: [route("a", { paused: true }), route("b", { paused: true })] });
  for (let n = 1; n <= 7; n++) await rig.broker.append(event(String(n)));
  await rig.settle();
  rig.matcher.routes.delete("a");
  expect(await rig.broker.removeTrigger("a", { keepBacklog: false })).toBe(7);
  rig.matcher.routes.delete("b");
  expect(await rig.broker.removeTrigger("b", { keepBacklog: true })).toBe(7);
  await rig.clock.advance(60_000);
  expect(await rig.dead("a")).toEqual([]);
  const kept = await rig.dead("b");
  expect(kept.map((record) => record.sequence)).toEqual([1, 2, 3, 4, 5, 6, 7]);
  expect(kept[0]).toMatchObject({ failure: { reason: "trigger-deleted" }, attempts: 0 });
  expect((await rig.broker.numbers()).lanes).toEqual(new Map());
});

test("broker: a trigger that is pointed elsewhere gets its backlog there, each once", async () => {
  await using rig = await startRig({ routes: [route("a", { paused: true })] });
  for (let n = 1; n <= 40; n++) await rig.broker.append(event(String(n)));
  await rig.settle();
  rig.matcher.routes.set("a", route("a", { target: "url:new" }));
  rig.configuration.set({ revision: 2 });
  await rig.settle();
  expect(rig.trace).toHaveLength(40);
  expect(rig.attempts.every((attempt) => attempt.route.target === "url:new")).toBe(true);
});

test("broker: what is not an event becomes a dead record with what was found", async () => {
  await using rig = await startRig();
  await publish(rig, names.logSubject("hello"), {}, "hello");
  await publish(rig, names.laneSubject("a"), {}, "hello");
  await publish(rig, names.laneSubject("gone"), { "ce-id": "1" }, "bye");
  await rig.clock.advance(31_000);
  const records = await rig.dead();
  expect(records.map((record) => record.failure.reason)).toEqual(["not-an-event", "not-an-event", "not-an-event"]);
  expect(Buffer.from(records[0]?.raw ?? []).toString()).toBe("hello");
  expect(records[0]).toMatchObject({ trigger: undefined, sequence: 1, event: undefined });
  expect(await rig.broker.numbers()).toMatchObject({ unrouted: 0, lanes: new Map() });
});

test("broker: a message in a newer format stops it with a clear fault, and is left in the log", async () => {
  await using rig = await startRig();
  const content = encodeLogMessage(event("1"), { revision: 1, hops: 255, addressee: undefined });
  await publish(rig, names.logSubject("t"), { ...content.headers, "rouse-format": "2" });
  await rig.settle();
  expect(rig.broker.fault).toMatchObject({ code: "LOG_FORMAT_NEWER" });
  await expect(rig.broker.append(event("2"))).rejects.toMatchObject({ code: "LOG_FORMAT_NEWER" });
  expect((await rig.broker.numbers()).unrouted).toBe(1);
  expect(rig.trace).toEqual([]);
});

test("broker: a reply is stored once for the delivery that caused it, whatever id it carries", async () => {
  await using rig = await startRig({ routes: [route("a", { types: ["ask"] })] });
  await rig.broker.append(event("1", "ask"));
  const cause = { sequence: 1, triggerUid: "a", triggerName: "trigger-a", hops: 255 };
  const first = await rig.broker.appendReply(event("1", "answer"), cause);
  const again = await rig.broker.appendReply(event("other", "answer"), cause);
  expect(first).toEqual({ kind: "stored", sequence: 2, duplicate: false, handle: "default/default/2" });
  expect(again).toMatchObject({ kind: "stored", sequence: 2, duplicate: true });
  expect(await rig.broker.get(2)).toMatchObject({ kind: "event", hops: 254 });
});

test("broker: a reply that has been through too many brokers is a dead record", async () => {
  await using rig = await startRig({ routes: [route("a", { types: ["ask"] })] });
  const cause = { sequence: 1, triggerUid: "a", triggerName: "trigger-a", hops: 1 };
  expect(await rig.broker.appendReply(event("r"), cause)).toMatchObject({ kind: "dead", reason: "too-many-hops" });
  expect(await rig.dead("a")).toMatchObject([{ failure: { reason: "too-many-hops" }, event: event("r") }]);
});

test("broker: a chain of replies that leads back to itself ends", async () => {
  await using rig = await startRig({ change: { settings: { maxHops: 5 } } });
  rig.deliver = async ({ sequence, route: { uid, name }, hops }) => {
    await rig.broker.appendReply(event("loop"), { sequence, triggerUid: uid, triggerName: name, hops });
    return { kind: "done" };
  };
  await rig.broker.append(event("1"));
  await rig.clock.advance(1_000);
  expect(rig.trace).toHaveLength(5);
  expect(await rig.dead("a")).toMatchObject([{ failure: { reason: "too-many-hops" } }]);
});

test("broker: events that are too large or too well travelled are refused", async () => {
  await using rig = await startRig();
  const large = event("1", "t", "x".repeat(rig.broker.maxEventBytes));
  await expect(rig.broker.append(large)).rejects.toMatchObject({ code: "BROKER_EVENT_TOO_LARGE" });
  const { attributes, data } = event("2");
  const travelled = (ttl: number | string) => ({ attributes: { ...attributes, knativebrokerttl: ttl }, data });
  await expect(rig.broker.append(travelled(1))).rejects.toMatchObject({ code: "BROKER_TOO_MANY_HOPS" });
  await rig.broker.append(travelled("20"));
  await rig.settle();
  expect(rig.attempts[0]?.hops).toBe(19);
  expect(rig.attempts[0]?.event.attributes).not.toHaveProperty("knativebrokerttl");
});

test("broker: an event that fits exactly can wait in a lane and die with all its data", async () => {
  await using rig = await startRig({ routes: [route("a", { deadLetterTarget: "url:dls" })] });
  const failure = {
    reason: "refused",
    message: "m".repeat(9_000),
    destination: "d".repeat(9_000),
    body: Buffer.alloc(4_000),
  };
  rig.deliver = () => ({ kind: "dead", failure });
  const empty = event("1", "t", "");
  const overhead = JSON.stringify(encodeLogMessage(empty, { revision: 1, hops: 255, addressee: undefined }).headers);
  await rig.broker.append(event("1", "t", "x".repeat(rig.broker.maxEventBytes - overhead.length - 100)));
  await rig.clock.advance(1_000);
  expect(await rig.dead("a")).toMatchObject([{ dataOmitted: false, deadLetter: { kind: "failed" } }]);
});

test("broker: closing lets attempts finish and refuses new events", async () => {
  const rig = await startRig();
  let finish: () => void = () => {};
  rig.deliver = () => new Promise((resolve) => (finish = () => resolve({ kind: "done" })));
  await rig.broker.append(event("1"));
  await rig.settle();
  const closed = rig.broker[Symbol.asyncDispose]();
  await expect(rig.broker.append(event("2"))).rejects.toMatchObject({ code: "BROKER_CLOSED", retryAfterMs: 1_000 });
  await rig.clock.advance(3_000);
  finish();
  await rig.clock.advance(100);
  await closed;
  expect((await rig.broker.numbers()).unrouted).toBe(0);
  await rig.engine[Symbol.asyncDispose]();
  expect(rig.clock.timers).toBe(0);
});

test("broker: closing stores in the lane what attempts could not finish, for whoever comes next", async () => {
  const rig = await startRig();
  rig.deliver = (_, signal) =>
    new Promise((resolve) => {
      const stop = () => resolve({ kind: "hold", reason: "going down", notBefore: rig.clock.now() });
      signal.addEventListener("abort", stop);
    });
  await rig.broker.append(event("1"));
  await rig.settle();
  const closed = rig.broker[Symbol.asyncDispose]();
  await rig.clock.advance(13_000);
  await closed;
  const next = await rig.another({ deliver: accept });
  await next.clock.advance(30_000);
  expect(next.trace).toEqual(["1:a:1"]);
  await next[Symbol.asyncDispose]();
  await rig.engine[Symbol.asyncDispose]();
  expect(rig.clock.timers).toBe(0);
});

test("broker: two processes share the work, and each event is delivered once", async () => {
  await using first = await startRig({ routes: [route("a"), route("b", { maxInFlight: 1 })] });
  await using second = await first.another();
  for (let n = 1; n <= 300; n++) await (n % 2 ? first : second).broker.append(event(String(n)));
  for (let n = 0; n < 20; n++) await first.clock.advance(1_000);
  expect([...first.trace, ...second.trace].sort()).toEqual(
    Array.from({ length: 300 }, (_, n) => [`${n + 1}:a:1`, `${n + 1}:b:1`])
      .flat()
      .sort(),
  );
  expect((await first.broker.numbers()).lanes).toEqual(new Map());
});

test("broker: a slow attempt that was spilled is left to the process that makes it", async () => {
  await using first = await startRig();
  let finish: () => void = () => {};
  const slow: TestDeliver = () => new Promise((resolve) => (finish = () => resolve({ kind: "done" })));
  first.deliver = slow;
  await first.broker.append(event("1"));
  await first.settle();
  await using second = await first.another({ deliver: accept });
  await first.clock.advance(1_100);
  await second.clock.advance(10_000);
  finish();
  await first.clock.advance(40_000);
  expect([...first.trace, ...second.trace]).toEqual(["1:a:1"]);
  expect((await first.broker.numbers()).lanes).toEqual(new Map());
});

test("broker: ids of a source since a time are read from the log", async () => {
  await using rig = await startRig();
  await rig.broker.append(event("1"));
  await rig.clock.advance(10_000);
  const since = rig.clock.now();
  await rig.broker.append(event("2"));
  expect(await rig.broker.idsSince("/test", since)).toEqual(new Set(["2"]));
  expect(await rig.broker.idsSince("/other", 0)).toEqual(new Set());
});

test("broker: events removed by the log's limit before they were routed leave a record", async () => {
  await using rig = await startRig({ loaded: false });
  const log = { name: names.logStream, subjects: [names.logSubjects] } as const;
  await rig.broker.append(event("1"));
  rig.configuration.set({ loaded: true });
  await rig.settle();
  rig.configuration.loaded = false;
  for (let n = 2; n <= 6; n++) await rig.broker.append(event(String(n)));
  const stream = await rig.engine.stream({
    ...log,
    retention: "limits",
    maxAgeMs: 0,
    maxBytes: 0,
    duplicateWindowMs: 120_000,
    replicas: 1,
    discard: "old",
  });
  for (let n = 1; n <= 5; n++) await stream.remove(n);
  rig.configuration.set({ loaded: true });
  await rig.clock.advance(5_000);
  expect((await rig.dead()).map((record) => record.failure)).toEqual([
    { reason: "log-overrun", message: expect.stringContaining("events 2 to 5") },
  ]);
});

const points: readonly FaultPoint[] = [
  "after-direct-delivery",
  "settled-before-ack",
  "lane-copy-stored",
  "durable-created",
  "drained-seen",
  "durable-deleted",
  "lane-delivered",
];

for (const point of points) {
  test(`broker: loses nothing when the process dies at ${point}`, async () => {
    const engine = createMemoryEngine();
    let dies = point.startsWith("d") ? 1 : 3;
    const flaky: TestDeliver = ({ attempt, route: { uid } }) =>
      uid === "b" && attempt === 1 ? { kind: "again", notBefore: 0, failure: failed } : { kind: "done" };
    const rig: Rig = await startRig({
      routes: [route("a"), route("b"), route("c", { maxInFlight: 1 })],
      deliver: flaky,
      change: {
        faults: (reached) => {
          if (reached === point && --dies === 0) rig.kill();
        },
      },
    });
    for (let n = 1; n <= 20; n++) {
      void rig.broker.append(event(String(n)));
      await rig.clock.advance(n === 10 ? 12_000 : 1);
    }
    await rig.clock.advance(12_000);
    expect(dies).toBeLessThanOrEqual(0);
    const next = await rig.another({ deliver: flaky });
    for (let n = 0; n < 30; n++) await next.clock.advance(5_000);
    const { lastSequence, lanes, unrouted } = await next.broker.numbers();
    expect(lastSequence).toBeGreaterThan(0);
    const done = new Set([...rig.trace, ...next.trace]);
    for await (const entry of next.broker.read({})) {
      if (entry.kind !== "event") continue;
      const { id } = entry.event.attributes;
      expect(done).toContain(`${id}:a:1`);
      expect(done).toContain(`${id}:b:2`);
      expect(done).toContain(`${id}:c:1`);
    }
    expect(lanes).toEqual(new Map());
    expect(unrouted).toBe(0);
    await next[Symbol.asyncDispose]();
    await engine[Symbol.asyncDispose]();
  });
}

test("broker: a backlog that is dropped by one process is not buried by another", async () => {
  await using first = await startRig({ routes: [route("a", { paused: true })] });
  for (let n = 1; n <= 50; n++) await first.broker.append(event(String(n)));
  await first.settle();
  await using second = await first.another();
  await second.settle();
  for (const { configuration, matcher } of [first, second]) {
    matcher.routes.delete("a");
    configuration.set({ revision: 2 });
  }
  await second.settle();
  expect(await first.broker.removeTrigger("a", { keepBacklog: false })).toBe(50);
  await second.clock.advance(60_000);
  expect(await second.dead()).toEqual([]);
});

test("broker: an event meant for a route that comes to be known a moment later is delivered to it", async () => {
  await using rig = await startRig({ routes: [] });
  await rig.broker.append(event("1"), { addressee: "source" });
  await rig.settle();
  rig.matcher.routes.set("source", route("source"));
  await rig.clock.advance(2_000);
  expect([rig.trace, await rig.dead()]).toEqual([["1:source:1"], []]);
  expect((await rig.broker.numbers()).unrouted).toBe(0);
});

test("broker: an event meant for a route that is gone is a dead record", async () => {
  await using rig = await startRig({ routes: [] });
  await rig.broker.append(event("1"), { addressee: "source" });
  await rig.clock.advance(5_000);
  expect(await rig.dead("source")).toMatchObject([{ failure: { reason: "trigger-deleted" }, event: event("1") }]);
  expect((await rig.broker.numbers()).unrouted).toBe(0);
});
