import { expect, test } from "vitest";
import { event, route, startRig, TestCapacity, TestMatcher, type TestRoute } from "../broker-rig.testing.ts";
import type { Engine, Stream } from "../log/engine.ts";
import { createMemoryEngine } from "../log/memory-engine.ts";
import { LookAhead } from "./look-ahead.ts";

function ahead(routes: readonly TestRoute[], cold: readonly string[], loaded = true) {
  const capacity = new TestCapacity();
  for (const target of cold) capacity.coldTargets.add(target);
  const runs: (() => void)[] = [];
  const matcher = new TestMatcher(routes);
  const lookAhead = new LookAhead({ matcher, capacity, loaded: () => loaded, later: (run) => void runs.push(run) });
  return { capacity, lookAhead, matcher, runs };
}

/** An engine whose writes to the log are stored only when told so. */
function slowEngine(inner: Engine) {
  const release: (() => void)[] = [];
  const calls: string[] = [];
  const slow = (stream: Stream): Stream => ({
    ...stream,
    append: async (message) => {
      calls.push("append");
      await new Promise<void>((resolve) => release.push(resolve));
      return await stream.append(message);
    },
  });
  const engine: Engine = { ...inner, connected: true, stream: async (config) => slow(await inner.stream(config)) };
  return { engine, release, calls };
}

test("look-ahead: wakes the cold targets of the routes that match, after what the turn sends", () => {
  const routes = [route("a", { types: ["t"] }), route("b", { types: ["t"] }), route("c", { types: ["u"] })];
  const { capacity, lookAhead, runs } = ahead(routes, ["url:a", "url:c"]);
  lookAhead.writing(event("1", "t"), undefined);
  expect(capacity.woken).toEqual([]);
  for (const run of runs) run();
  expect(capacity.woken).toEqual(["url:a"]);
});

test("look-ahead: wakes for the addressee alone", () => {
  const { capacity, lookAhead, runs } = ahead([route("a"), route("b")], ["url:a", "url:b"]);
  lookAhead.writing(event("1"), "b");
  for (const run of runs) run();
  expect(capacity.woken).toEqual(["url:b"]);
});

test("look-ahead: does not wake for a paused trigger", () => {
  const { capacity, lookAhead, runs } = ahead([route("a", { paused: true })], ["url:a"]);
  lookAhead.writing(event("1"), undefined);
  for (const run of runs) run();
  expect(capacity.woken).toEqual([]);
});

test("look-ahead: asks no filter while nothing is cold, nothing is loaded, or the capacity cannot tell", () => {
  const warm = ahead([route("a")], []);
  warm.lookAhead.writing(event("1"), undefined);
  const early = ahead([route("a")], ["url:a"], false);
  early.lookAhead.writing(event("1"), undefined);
  const mute = ahead([route("a")], ["url:a"]);
  Object.assign(mute.capacity, { anyCold: undefined });
  mute.lookAhead.writing(event("1"), undefined);
  expect([warm.runs, early.runs, mute.runs]).toEqual([[], [], []]);
});

test("look-ahead: a filter that throws loses the head start and nothing else", () => {
  const { capacity, lookAhead, matcher, runs } = ahead([route("a")], ["url:a"]);
  matcher.match = () => {
    throw new Error("a bug");
  };
  lookAhead.writing(event("1"), undefined);
  for (const run of runs) expect(run).not.toThrow();
  expect(capacity.woken).toEqual([]);
});

test("broker: wakes a cold target before the event is stored, and after the write was handed to the engine", async () => {
  const { calls, engine, release } = slowEngine(createMemoryEngine());
  await using rig = await startRig({ engine, coldTargets: ["url:a"] });
  rig.capacity.wake = (target) => void calls.push(`wake ${target}`);
  let stored = false;
  const appended = rig.broker.append(event("1")).then(() => {
    stored = true;
  });
  await rig.settle();
  expect([...calls, stored]).toEqual(["append", "wake url:a", false]);
  rig.capacity.coldTargets.clear();
  for (const go of release) go();
  await appended;
  await rig.settle();
  expect(rig.trace).toEqual(["1:a:1"]);
});

test("broker: an event whose write fails may wake its target and is delivered nowhere", async () => {
  const inner = createMemoryEngine();
  const failing = (stream: Stream): Stream => ({ ...stream, append: async () => Promise.reject(new Error("full")) });
  const engine: Engine = { ...inner, connected: true, stream: async (config) => failing(await inner.stream(config)) };
  await using rig = await startRig({ engine, coldTargets: ["url:a"] });
  await expect(rig.broker.append(event("1"))).rejects.toThrow("full");
  await rig.settle();
  expect([rig.capacity.woken, rig.trace]).toEqual([["url:a"], []]);
});
