import { expect, test } from "vitest";
import { didYouMean, editDistance, nearest } from "./nearest.ts";

test.each([
  ["", "", 0],
  ["abc", "", 3],
  ["brokr", "broker", 1],
  ["brkoer", "broker", 1],
  ["kitten", "sitting", 3],
])("edit distance: %j to %j is %i", (a, b, distance) => {
  expect(editDistance(a, b)).toBe(distance);
});

test("nearest: finds the name that was probably meant, whatever its case", () => {
  expect(nearest("subscribr", ["broker", "subscriber", "filter"])).toBe("subscriber");
  expect(nearest("PINGSOURCE", ["Broker", "PingSource"])).toBe("PingSource");
});

test("nearest: says nothing when no name is near", () => {
  expect(nearest("zebra", ["broker", "subscriber"])).toBeUndefined();
  expect(didYouMean("x", [])).toBeUndefined();
});
