import { expect, test } from "vitest";
import { jsonAt } from "./json-pointer.ts";

const document = { a: [{ b: 1 }, "x"], "": 2, "c/d": 3, "e~f": 4, "~1": 5, length: 6 };

test.each([
  ["", document],
  ["/a/0/b", 1],
  ["/a/1", "x"],
  ["/", 2],
  ["/c~1d", 3],
  ["/e~0f", 4],
  ["/~01", 5],
  ["/length", 6],
])("json pointer: %j leads to its value (RFC 6901)", (pointer, value) => {
  expect(jsonAt(document, pointer)).toEqual(value);
});

test.each(["/nobody", "/a/2", "/a/-", "/a/00", "/a/length", "/a/1/0", "/constructor", "/__proto__", "/a/0/b/c"])(
  "json pointer: %j leads nowhere",
  (pointer) => {
    expect(jsonAt(document, pointer)).toBeUndefined();
  },
);
