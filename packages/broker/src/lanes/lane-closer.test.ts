import { ManualClock } from "@rouse/base";
import { expect, test } from "vitest";
import { brokerTimingDefault } from "../broker-timing.ts";
import type { Route } from "../route.ts";
import type { Lane } from "./lane.ts";
import { LaneCloser } from "./lane-closer.ts";

function startCloser() {
  const clock = new ManualClock();
  const seen: string[] = [];
  const state = { count: 0, pending: 0, ackPending: 0 };
  const lane = {
    uid: "u",
    activeAt: 0,
    generation: 1,
    storing: 0,
    holding: 0,
    closed: false,
    stop() {
      lane.closed = true;
    },
    seen() {},
    reader: { ask: () => seen.push("ask"), reopen: async () => seen.push("reopen") },
    cursor: {
      info: async () => ({ pending: state.pending, ackPending: state.ackPending }),
      delete: async () => seen.push("delete"),
    },
  };
  const closer = new LaneCloser<Route>(
    {
      clock,
      timing: brokerTimingDefault,
      faults: () => {},
      count: async () => state.count,
      onClosed: () => seen.push("closed"),
    },
    lane as unknown as Lane<Route>,
  );
  return { clock, closer, lane, seen, state };
}

test("lane closer: closes an empty lane after five idle seconds", async () => {
  const { clock, seen } = startCloser();
  await clock.advance(4_900);
  expect(seen).toEqual([]);
  await clock.advance(200);
  expect(seen).toEqual(["closed", "delete"]);
  expect(clock.timers).toBe(0);
});

test("lane closer: counters that read nothing do not close a lane whose stream holds messages", async () => {
  const { clock, seen, state } = startCloser();
  state.count = 23;
  await clock.advance(6_000);
  expect(seen).toEqual([]);
});

test("lane closer: messages that the cursor knows nothing of are read again", async () => {
  const { clock, seen, state } = startCloser();
  state.count = 23;
  await clock.advance(7_100);
  expect(seen).toEqual(["delete", "reopen"]);
});

test("lane closer: ghosts beside a held message are read again after two ack waits, not before", async () => {
  const { clock, seen, state } = startCloser();
  state.count = 25;
  state.ackPending = 1;
  await clock.advance(60_000);
  expect(seen).toEqual([]);
  await clock.advance(60_000);
  expect(seen).toContain("reopen");
});

test("lane closer: messages that are all held by another process are left to it", async () => {
  const { clock, seen, state } = startCloser();
  state.count = 3;
  state.ackPending = 3;
  await clock.advance(600_000);
  expect(seen).toEqual([]);
});

test("lane closer: a copy stored while it looked keeps the lane", async () => {
  const { clock, lane, seen } = startCloser();
  lane.cursor.info = async () => {
    lane.generation++;
    return { pending: 0, ackPending: 0 };
  };
  await clock.advance(60_000);
  expect(seen).toEqual([]);
});

test("lane closer: a lane that holds or stores something stays", async () => {
  const { clock, lane, seen } = startCloser();
  lane.holding = 1;
  await clock.advance(60_000);
  lane.holding = 0;
  lane.storing = 1;
  await clock.advance(60_000);
  expect(seen).toEqual([]);
});

test("lane closer: messages not handed out yet are asked for", async () => {
  const { clock, closer, seen, state } = startCloser();
  state.count = 2;
  state.pending = 2;
  await clock.advance(5_100);
  expect(seen).toEqual(["ask"]);
  closer.stop();
  expect(clock.timers).toBe(0);
});
