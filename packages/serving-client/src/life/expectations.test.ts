import { expect, test } from "vitest";
import { withExpectation } from "./expectations.ts";
import { Bench } from "./states.testing.ts";

test("expectations: an instance is started ahead of an expected event, and kept until the idle time after it", () => {
  const bench = new Bench({ idleMs: 1_000 });
  expect(bench.kinds({ kind: "expected", at: 10_000, leadMs: 300 })).toEqual([]);
  expect(bench.until(9_700)).toEqual(["start at 9700", "starting at 9700"]);
  expect(bench.state.prewarmed).toBe(1);
  bench.now = 9_800;
  bench.ready(1);
  expect(bench.until(20_000)).toEqual(["idle at 11000", "stop at 11000"]);
});

test("expectations: nothing is started for an event when something is there already, or is on its way", () => {
  const bench = new Bench({ idleMs: 100_000 }).idle();
  bench.feed({ kind: "expected", at: 10_000, leadMs: 300 });
  expect(bench.until(10_500)).toEqual([]);
  expect(bench.state.prewarmed).toBe(0);
});

test("expectations: a frozen instance goes on 20 ms before the event, and is frozen again when nothing came", () => {
  const bench = new Bench({ freezeMs: 1_000, idleMs: 60_000 }).idle();
  bench.until(1_000);
  bench.feed({ kind: "frozen", id: 1 });
  bench.feed({ kind: "expected", at: 10_000, leadMs: 300 });
  expect(bench.until(9_980)).toEqual(["thaw at 9980"]);
  bench.feed({ kind: "thawed", id: 1 });
  expect(bench.until(11_000)).toEqual(["freeze at 10980"]);
});

test("expectations: an idle instance is not stopped when the event comes sooner than another idle time", () => {
  const bench = new Bench({ idleMs: 1_000 }).idle();
  bench.feed({ kind: "expected", at: 1_900, leadMs: 300 });
  expect(bench.until(1_900)).toEqual([]);
  expect(bench.until(5_000)).toEqual(["idle at 2900", "stop at 2900"]);
});

test("expectations: are passed over while starts fail", () => {
  const bench = new Bench();
  bench.feed({ kind: "acquire" });
  bench.exit(1);
  bench.feed({ kind: "expected", at: 900, leadMs: 300 });
  bench.feed({ kind: "expected", at: 5_000, leadMs: 300 });
  expect(bench.until(6_000)).toEqual([]);
  expect(bench.state.prewarmed).toBe(0);
});

test("expectations: those that passed are forgotten, the same one twice is one, and the sixteen soonest are kept", () => {
  expect(withExpectation([], 4, 1, 5)).toEqual([]);
  const one = withExpectation([], 6, 1, 5);
  expect(withExpectation(one, 6, 3, 5)).toEqual([{ at: 6, leadMs: 3, met: false }]);
  let many = one;
  for (let at = 30; at > 6; at--) many = withExpectation(many, at, 1, 5);
  expect(many.map((it) => it.at)).toEqual(Array.from({ length: 16 }, (_, n) => n + 6));
});
