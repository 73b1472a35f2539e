import { expect, test } from "vitest";
import { subjectsOverlap } from "./subjects.ts";

test.each([
  ["a.b", "a.b", true],
  ["a.b", "a.c", false],
  ["a.*", "*.b", true],
  ["a.>", "a", false],
  ["a.>", "a.b.c", true],
  [">", "rouse.log.default.default.>", true],
  ["rouse.*.default.>", "rouse.log.default.default.>", true],
  ["orders.>", "rouse.log.>", false],
  ["a.*.c", "a.b", false],
])("subjects: %s and %s overlap: %s", (one, other, expected) => {
  expect([subjectsOverlap(one, other), subjectsOverlap(other, one)]).toEqual([expected, expected]);
});
