import { expect, test } from "vitest";
import { formatPath, joinPath, parsePath } from "./field-path.ts";

test("field path: names are dotted, indexes and odd keys bracketed, and read back", () => {
  const path = formatPath(["metadata", "annotations", "rouse.dev/command", 0, "x"]);
  expect(path).toBe("metadata.annotations[rouse.dev/command][0].x");
  expect(parsePath(path)).toEqual(["metadata", "annotations", "rouse.dev/command", "0", "x"]);
});

test("field path: is joined with or without a dot", () => {
  expect([joinPath("spec", "a"), joinPath("spec", "[0]"), joinPath("", "a"), joinPath("spec", "")]).toEqual([
    "spec.a",
    "spec[0]",
    "a",
    "spec",
  ]);
});
