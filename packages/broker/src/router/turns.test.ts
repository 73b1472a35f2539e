import { ManualClock } from "@rouse/base";
import { expect, test } from "vitest";
import type { Route } from "../route.ts";
import { Turns, type Way } from "./turns.ts";

function setUp() {
  const clock = new ManualClock();
  const ways = new Map<string, Way>();
  const busy: Way = { kind: "turn", reason: "full" };
  const turns = new Turns<Route>(clock, ({ uid }) => ways.get(uid) ?? busy);
  const trace: string[] = [];
  const wait = (uid: string, event: string) => {
    const route = { uid, target: `url:${uid}` } as Route;
    const deliver = async () => void trace.push(`${event} delivered`);
    const spill = async (reason: string) => void trace.push(`${event} spilled: ${reason}`);
    return turns.wait(route, { deliver, spill }, "full");
  };
  return { clock, ways, turns, trace, wait };
}

test("turns: whoever waits longest is next, and only as long as there is room", async () => {
  const { ways, turns, trace, wait } = setUp();
  const first = wait("a", "1");
  wait("a", "2");
  turns.advance("a");
  expect(trace).toEqual([]);
  let room = 1;
  ways.set("a", { kind: "direct" });
  const get = ways.get.bind(ways);
  ways.get = (uid) => (room-- > 0 ? get(uid) : undefined);
  turns.advance("a");
  await first;
  expect(trace).toEqual(["1 delivered"]);
  expect(turns.waiting("a")).toBe(1);
});

test("turns: an event that waits too long is spilled, a later one is not yet", async () => {
  const { clock, turns, trace, wait } = setUp();
  wait("a", "1");
  await clock.advance(400);
  wait("a", "2");
  await clock.advance(200);
  expect(trace).toEqual(["1 spilled: full"]);
  await clock.advance(400);
  expect(trace).toHaveLength(2);
  expect(turns.waiting("a")).toBe(0);
  expect(clock.timers).toBe(0);
});

test("turns: all that wait are spilled when the trigger turns to its lane", () => {
  const { ways, turns, trace, wait } = setUp();
  wait("a", "1");
  wait("a", "2");
  wait("b", "3");
  ways.set("a", { kind: "lane", reason: "others wait in the lane" });
  turns.advance("a");
  expect(trace).toEqual(["1 spilled: others wait in the lane", "2 spilled: others wait in the lane"]);
  expect(turns.waiting("b")).toBe(1);
});

test("turns: a change of a target concerns the triggers that lead there", () => {
  const { ways, turns, trace, wait } = setUp();
  wait("a", "1");
  wait("b", "2");
  for (const uid of ["a", "b"]) ways.set(uid, { kind: "direct" });
  turns.capacityChanged("url:b");
  expect(trace).toEqual(["2 delivered"]);
});

test("turns: stopping forgets who waits and leaves no timer", () => {
  const { clock, turns, trace, wait } = setUp();
  wait("a", "1");
  turns.stop();
  turns.advance("a");
  expect([trace, clock.timers]).toEqual([[], 0]);
});
