import { expect, test } from "vitest";
import { accept, event, route, startRig } from "./broker-rig.testing.ts";

const refused = { reason: "refused", message: "answered 400", status: 400 };
const failed = { reason: "failed", message: "answered 503", status: 503 };

test("broker: an event reaches every trigger that matches it, once, and the log is settled", async () => {
  await using rig = await startRig({ routes: [route("a"), route("b"), route("c", { types: ["other"] })] });
  const stored = await rig.broker.append(event("1"));
  expect(stored).toEqual({ sequence: 1, duplicate: false, handle: "default/default/1" });
  await rig.settle();
  expect(rig.trace).toEqual(["1:a:1", "1:b:1"]);
  expect(Buffer.from(rig.attempts[0]?.event.data ?? []).toString()).toBe("data of 1");
  expect(rig.attempts[0]).toMatchObject({ sequence: 1, hops: 255, stage: "subscriber", namespace: "default" });
  expect(await rig.broker.numbers()).toMatchObject({ lastSequence: 1, unrouted: 0, dead: 0, lanes: new Map() });
  expect(rig.journal.map((entry) => entry.kind).sort()).toEqual(["attempt", "attempt", "routed", "stored"]);
});

test("broker: the same source and id are one event, the same id of two sources are two", async () => {
  await using rig = await startRig();
  await rig.broker.append(event("1"));
  const again = await rig.broker.append(event("1"));
  const other = { ...event("1"), attributes: { ...event("1").attributes, source: "/other" } };
  const second = await rig.broker.append(other);
  await rig.settle();
  expect(again).toEqual({ sequence: 1, duplicate: true, handle: "default/default/1" });
  expect(second.sequence).toBe(2);
  expect(rig.attempts.map((attempt) => attempt.sequence)).toEqual([1, 2]);
});

test("broker: a trigger sees only what was stored after its creation", async () => {
  await using rig = await startRig({ routes: [route("a", { fromSequence: 1 })] });
  await rig.broker.append(event("1"));
  await rig.broker.append(event("2"));
  await rig.settle();
  expect(rig.trace).toEqual(["2:a:1"]);
});

test("broker: a failed attempt is made again from the lane when its time has come, then the lane is closed", async () => {
  await using rig = await startRig();
  rig.deliver = ({ attempt }) =>
    attempt < 3 ? { kind: "again", notBefore: rig.clock.now() + 400, failure: failed } : { kind: "done" };
  await rig.broker.append(event("1"));
  await rig.settle();
  expect(rig.trace).toEqual(["1:a:1"]);
  expect((await rig.broker.numbers()).lanes).toEqual(new Map([["a", 1]]));
  await rig.clock.advance(399);
  expect(rig.trace).toEqual(["1:a:1"]);
  await rig.clock.advance(2);
  expect(rig.trace).toEqual(["1:a:1", "1:a:2"]);
  await rig.clock.advance(401);
  expect(rig.trace).toEqual(["1:a:1", "1:a:2", "1:a:3"]);
  expect(rig.attempts[2]?.firstFailedAt).toBe(rig.attempts[1]?.firstFailedAt);
  expect((await rig.broker.numbers()).lanes).toEqual(new Map());
});

test("broker: one failure does not turn a trigger round; the next event goes direct", async () => {
  await using rig = await startRig();
  rig.deliver = ({ event: { attributes } }) =>
    attributes.id === "1" ? { kind: "again", notBefore: rig.clock.now() + 60_000, failure: failed } : { kind: "done" };
  await rig.broker.append(event("1"));
  await rig.settle();
  await rig.broker.append(event("2"));
  await rig.settle();
  expect(rig.trace).toEqual(["1:a:1", "2:a:1"]);
  expect(rig.journal.some((entry) => entry.kind === "waiting")).toBe(false);
});

test("broker: after three failures in a row events go to the lane, and come back after a success", async () => {
  await using rig = await startRig();
  rig.deliver = () => ({ kind: "again", notBefore: rig.clock.now() + 5_000, failure: failed });
  for (const id of ["1", "2", "3"]) {
    await rig.broker.append(event(id));
    await rig.settle();
  }
  rig.deliver = accept;
  await rig.broker.append(event("4"));
  await rig.settle();
  expect(rig.journal.filter((entry) => entry.kind === "waiting").map((entry) => entry.sequence)).toEqual([4]);
  expect(rig.trace.at(-1)).toBe("4:a:1");
  await rig.clock.advance(6_000);
  expect(rig.trace.slice(4).sort()).toEqual(["1:a:2", "2:a:2", "3:a:2"]);
  await rig.broker.append(event("5"));
  await rig.settle();
  expect(rig.journal.filter((entry) => entry.kind === "waiting")).toHaveLength(1);
  expect(rig.trace.at(-1)).toBe("5:a:1");
});

test("broker: an attempt older than a second is spilled; its success settles the copy unsent", async () => {
  await using rig = await startRig();
  let finish: () => void = () => {};
  rig.deliver = () => new Promise((resolve) => (finish = () => resolve({ kind: "done" })));
  await rig.broker.append(event("1"));
  await rig.clock.advance(999);
  expect((await rig.broker.numbers()).unrouted).toBe(1);
  await rig.clock.advance(2);
  expect(await rig.broker.numbers()).toMatchObject({ unrouted: 0, lanes: new Map([["a", 1]]) });
  await rig.clock.advance(100_000);
  finish();
  await rig.settle();
  expect(rig.trace).toEqual(["1:a:1"]);
  expect((await rig.broker.numbers()).lanes).toEqual(new Map());
});

test("broker: a spilled attempt that fails counts once and is retried after its delay", async () => {
  await using rig = await startRig();
  let finish: () => void = () => {};
  rig.deliver = ({ attempt }) =>
    attempt > 1
      ? { kind: "done" }
      : new Promise((resolve) => {
          finish = () => resolve({ kind: "again", notBefore: rig.clock.now() + 500, failure: failed });
        });
  await rig.broker.append(event("1"));
  await rig.clock.advance(3_000);
  finish();
  await rig.settle();
  expect(rig.trace).toEqual(["1:a:1"]);
  await rig.clock.advance(501);
  expect(rig.trace).toEqual(["1:a:1", "1:a:2"]);
});

test("broker: a subscriber that hangs holds its own window only", async () => {
  await using rig = await startRig({ routes: [route("bad"), route("good")] });
  rig.deliver = ({ route: { uid } }) => (uid === "bad" ? new Promise(() => {}) : { kind: "done" });
  for (let n = 1; n <= 600; n++) await rig.broker.append(event(String(n)));
  for (let n = 0; n < 30; n++) await rig.clock.advance(100);
  expect(rig.trace.filter((line) => line.includes(":good:"))).toHaveLength(600);
  const bad = rig.trace.filter((line) => line.includes(":bad:")).length;
  // As many directly, and as many from the lane.
  expect(bad).toBeGreaterThanOrEqual(64);
  expect(bad).toBeLessThanOrEqual(2 * 64);
  expect((await rig.broker.numbers()).unrouted).toBe(0);
});

test("broker: no more than maxInFlight attempts of a trigger are direct at once", async () => {
  await using rig = await startRig({ routes: [route("a", { maxInFlight: 2 })] });
  const finish: (() => void)[] = [];
  rig.deliver = () => new Promise((resolve) => finish.push(() => resolve({ kind: "done" })));
  for (let n = 1; n <= 5; n++) await rig.broker.append(event(String(n)));
  await rig.settle();
  expect(finish.length).toBeLessThanOrEqual(4);
  for (let n = 0; n < 10; n++) {
    for (const release of finish.splice(0)) release();
    await rig.clock.advance(10);
  }
  expect(rig.trace.sort()).toEqual(["1:a:1", "2:a:1", "3:a:1", "4:a:1", "5:a:1"]);
});

test("broker: a cold target is woken at once, one event waits for it, the others in the lane", async () => {
  await using rig = await startRig({ coldTargets: ["url:a"] });
  let started: () => void = () => {};
  const start = new Promise<void>((resolve) => (started = resolve));
  rig.deliver = async () => {
    await start;
    return { kind: "done" };
  };
  for (let n = 1; n <= 10; n++) await rig.broker.append(event(String(n)));
  await rig.settle();
  expect(rig.capacity.woken.length).toBeGreaterThan(0);
  expect(rig.trace).toEqual(["1:a:1"]);
  expect((await rig.broker.numbers()).unrouted).toBe(0);
  rig.capacity.coldTargets.clear();
  started();
  rig.capacity.changed("url:a");
  await rig.settle();
  expect(rig.trace).toHaveLength(10);
  expect(rig.attempts.every((attempt) => attempt.attempt === 1)).toBe(true);
});

test("broker: the target is woken before the copy is stored", async () => {
  const points: string[] = [];
  await using rig = await startRig({ coldTargets: ["url:a"], change: { faults: (point) => points.push(point) } });
  rig.capacity.wake = () => points.push("woken");
  await rig.broker.append(event("1"));
  await rig.settle();
  expect(points.indexOf("woken")).toBe(0);
  expect(points).toContain("lane-copy-stored");
});

test("broker: a held event is not counted as an attempt, however often", async () => {
  await using rig = await startRig();
  rig.deliver = () => ({ kind: "hold", reason: "no such service", notBefore: rig.clock.now() + 1_000 });
  await rig.broker.append(event("1"));
  await rig.broker.append(event("2"));
  await rig.clock.advance(20_000);
  expect(rig.attempts.every((attempt) => attempt.attempt === 1)).toBe(true);
  rig.deliver = accept;
  const before = rig.trace.length;
  await rig.clock.advance(3_000);
  expect(rig.trace.slice(before).sort()).toEqual(["1:a:1", "2:a:1"]);
  expect((await rig.broker.numbers()).lanes).toEqual(new Map());
});

test("broker: a paused trigger's events wait in its lane until it goes on", async () => {
  await using rig = await startRig({ routes: [route("a", { paused: true })] });
  for (let n = 1; n <= 3; n++) await rig.broker.append(event(String(n)));
  await rig.clock.advance(120_000);
  expect(rig.trace).toEqual([]);
  expect(await rig.broker.numbers()).toMatchObject({ unrouted: 0, lanes: new Map([["a", 3]]) });
  rig.matcher.routes.set("a", route("a"));
  rig.configuration.set({ revision: 2 });
  await rig.settle();
  expect(rig.trace).toEqual(["1:a:1", "2:a:1", "3:a:1"]);
});

test("broker: a refused event without a dead-letter sink is one dead record with the reason", async () => {
  await using rig = await startRig({ deliver: () => ({ kind: "dead", failure: refused }) });
  await rig.broker.append(event("1"));
  await rig.settle();
  const [record, ...rest] = await rig.dead("a");
  expect(rest).toEqual([]);
  expect(record).toMatchObject({
    trigger: { uid: "a", name: "trigger-a" },
    sequence: 1,
    attempts: 1,
    failure: refused,
    deadLetter: undefined,
    dataOmitted: false,
  });
  expect(record?.event).toEqual(event("1"));
  expect(await rig.broker.numbers()).toMatchObject({ unrouted: 0, dead: 1, lanes: new Map() });
  expect(rig.journal.at(-1)).toMatchObject({ kind: "dead", trigger: "trigger-a", reason: "refused" });
});

test("broker: a dead event goes to the dead-letter sink with the reason, and leaves a record that it was accepted", async () => {
  await using rig = await startRig({ routes: [route("a", { deadLetterTarget: "url:dls" })] });
  rig.deliver = ({ stage, attempt }) => {
    if (stage === "subscriber") return { kind: "dead", failure: refused };
    return attempt === 1 ? { kind: "again", notBefore: rig.clock.now() + 100, failure: failed } : { kind: "done" };
  };
  await rig.broker.append(event("1"));
  await rig.clock.advance(500);
  expect(rig.trace).toEqual(["1:a:1", "1:a:d1", "1:a:d2"]);
  expect(rig.attempts[1]?.failure).toEqual(refused);
  expect(await rig.dead()).toMatchObject([
    { attempts: 1, failure: refused, deadLetter: { kind: "accepted", attempts: 2 } },
  ]);
  expect((await rig.broker.numbers()).lanes).toEqual(new Map());
});

test("broker: when the dead-letter sink refuses too, the record has both outcomes", async () => {
  await using rig = await startRig({ routes: [route("a", { deadLetterTarget: "url:dls" })] });
  rig.deliver = ({ stage }) => ({ kind: "dead", failure: stage === "subscriber" ? refused : failed });
  await rig.broker.append(event("1"));
  await rig.settle();
  expect(await rig.dead("a")).toMatchObject([
    { failure: refused, deadLetter: { kind: "failed", attempts: 1, failure: failed } },
  ]);
});

test("broker: dead records can be listed by trigger, read and discarded", async () => {
  await using rig = await startRig({ routes: [route("a"), route("b")] });
  rig.deliver = () => ({ kind: "dead", failure: refused });
  await rig.broker.append(event("1"));
  await rig.settle();
  const [record] = await rig.dead("b");
  expect(await rig.dead()).toHaveLength(2);
  expect(await rig.broker.dead.get(record!.recordSequence)).toEqual(record);
  expect(await rig.broker.dead.discard(record!.recordSequence)).toBe(true);
  expect(await rig.dead("b")).toEqual([]);
});

test("broker: a deliverer that throws is a failed attempt", async () => {
  await using rig = await startRig();
  rig.deliver = ({ attempt }) => {
    if (attempt === 1) throw new Error("a bug");
    return { kind: "done" };
  };
  await rig.broker.append(event("1"));
  await rig.clock.advance(1_100);
  expect(rig.trace).toEqual(["1:a:1", "1:a:2"]);
});
