import fc from "fast-check";
import { expect, test } from "vitest";
import { decodeHeaderText, encodeHeaderText } from "./header-text.ts";

test("header text: keeps printable ASCII readable", () => {
  expect(encodeHeaderText("answered 503 (try later)", 100)).toBe("answered 503 (try later)");
});

test("header text: comes back, without line breaks on the way", () => {
  fc.assert(
    fc.property(fc.string({ unit: "binary", maxLength: 30 }), (text) => {
      const encoded = encodeHeaderText(text, 1_000_000);
      expect(encoded).toMatch(/^[\x20-\x7e]*$/);
      expect(decodeHeaderText(encoded)).toBe(text.trim());
    }),
    { numRuns: 40 },
  );
});

test("header text: is cut at a whole character", () => {
  expect(decodeHeaderText(encodeHeaderText("aä", 6))).toBe("a");
});
