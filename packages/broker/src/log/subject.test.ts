import { expect, test } from "vitest";
import { filtersOverlap, isPattern, subjectMatches } from "./subject.ts";

test.each([
  ["a.b", "a.b", true],
  ["a.b", "a.c", false],
  ["a.*", "a.b", true],
  ["a.*", "a.b.c", false],
  ["a.*", "a", false],
  ["*.b", "a.b", true],
  ["a.>", "a.b.c", true],
  ["a.>", "a", false],
  [">", "a", true],
  ["*", "a", true],
  ["*", "a.b", false],
  ["a*.b", "ax.b", false],
  ["a>", "a>", true],
])("subject: filter %s takes %s: %s", (filter, subject, taken) => {
  expect(subjectMatches(filter, subject)).toBe(taken);
});

test("subject: a star inside a token is no wildcard", () => {
  expect(isPattern("a*.b")).toBe(false);
});

test.each([
  ["a.b", "a.b", true],
  ["a.b", "a.c", false],
  ["a.*", "*.b", true],
  ["a.*", "b.*", false],
  ["a.>", "a.b.c", true],
  ["a.>", "a", false],
  [">", "x", true],
  ["a.*", "a", false],
])("subject: filters %s and %s overlap: %s", (one, other, overlap) => {
  expect(filtersOverlap(one, other)).toBe(overlap);
  expect(filtersOverlap(other, one)).toBe(overlap);
});
