import fc from "fast-check";
import { expect, test } from "vitest";
import { TrafficTurns } from "./traffic-share.ts";

test("traffic turns: in a hundred calls each share comes up as often as its percent", () => {
  const shares = fc.integer({ min: 0, max: 100 }).map((percent) => [
    { key: "a", percent },
    { key: "b", percent: 100 - percent },
  ]);
  fc.assert(
    fc.property(shares, (given) => {
      const turns = new TrafficTurns(given);
      const taken = Array.from({ length: 100 }, () => turns.take());
      for (const { key, percent } of given) expect(taken.filter((each) => each === key)).toHaveLength(percent);
    }),
  );
});

test("traffic turns: a small share is spread over the calls, not served in a row", () => {
  const turns = new TrafficTurns([
    { key: "old", percent: 90 },
    { key: "new", percent: 10 },
  ]);
  const taken = Array.from({ length: 100 }, () => turns.take());
  const places = taken.flatMap((key, at) => (key === "new" ? [at] : []));
  const gaps = places.slice(1).map((at, n) => at - places[n]!);
  expect(new Set(gaps)).toEqual(new Set([10]));
});

test("traffic turns: looking takes no turn", () => {
  const turns = new TrafficTurns([
    { key: "a", percent: 50 },
    { key: "b", percent: 50 },
  ]);
  expect(turns.next).toBe(turns.next);
  expect([turns.take(), turns.next, turns.take()]).toEqual(["a", "b", "b"]);
});

test("traffic turns: what has no share has no turn", () => {
  expect(new TrafficTurns([]).take()).toBeUndefined();
  expect(new TrafficTurns([{ key: "a", percent: 0, tag: "try" }]).next).toBeUndefined();
});
