import { expect, test } from "vitest";
import { startPosition } from "./start-position.ts";

const bounds = { low: "10", high: "50" };

test("start position: where the group was", () => {
  expect(startPosition({ ...bounds, committed: "20", initial: "50" })).toEqual({ kind: "resumed", offset: "20" });
  expect(startPosition({ ...bounds, committed: "10", initial: undefined })).toEqual({ kind: "resumed", offset: "10" });
  expect(startPosition({ ...bounds, committed: "50", initial: undefined })).toEqual({ kind: "resumed", offset: "50" });
});

test("start position: the first record kept, when nothing was committed", () => {
  expect(startPosition({ ...bounds, committed: undefined, initial: undefined })).toEqual({
    kind: "first",
    offset: "10",
  });
  expect(startPosition({ ...bounds, committed: "-2", initial: undefined })).toEqual({ kind: "first", offset: "10" });
});

test("start position: the end that was seen at the start, when a new source wants only what is new", () => {
  expect(startPosition({ ...bounds, committed: "-1", initial: "45" })).toEqual({ kind: "first", offset: "45" });
});

test("start position: an end that was seen of an older topic of that name does not count", () => {
  expect(startPosition({ ...bounds, committed: undefined, initial: "51" })).toEqual({ kind: "first", offset: "10" });
  expect(startPosition({ ...bounds, committed: undefined, initial: "9" })).toEqual({ kind: "first", offset: "10" });
});

test("start position: the first record kept, when the retention took what was not read", () => {
  expect(startPosition({ ...bounds, committed: "9", initial: "50" })).toEqual({
    kind: "expired",
    offset: "10",
    committed: "9",
  });
});

test("start position: the first record kept, when the committed offset is beyond the end", () => {
  expect(startPosition({ ...bounds, committed: "51", initial: "50" })).toEqual({
    kind: "made-anew",
    offset: "10",
    committed: "51",
  });
});

test("start position: compares as numbers, beyond the safe integers too", () => {
  const huge = { low: "9", high: "9223372036854775807" };
  expect(startPosition({ ...huge, committed: "9223372036854775806", initial: undefined }).kind).toBe("resumed");
});
