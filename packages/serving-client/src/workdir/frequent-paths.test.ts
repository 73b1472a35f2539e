import { expect, test } from "vitest";
import { FrequentPaths } from "./frequent-paths.ts";

test("frequent paths: a path is given when it came often enough within the span, and begins anew after that", () => {
  const counts = new FrequentPaths(3, 10_000);
  const seen = [0, 5_000, 9_000, 9_500, 9_900].map((now) => counts.add(["a", `other-${now}`], now));
  expect(seen).toEqual([[], [], ["a"], [], []]);
  expect(counts.add(["a"], 10_000)).toEqual(["a"]);
});

test("frequent paths: what is further apart than the span is not counted together", () => {
  const counts = new FrequentPaths(3, 10_000);
  expect([0, 6_000, 12_000, 18_000].flatMap((now) => counts.add(["a"], now))).toEqual([]);
});
