import fc from "fast-check";
import { expect, test } from "vitest";
import { keyAttribute } from "./key.ts";

function single(value: number): Uint8Array {
  const bytes = Buffer.alloc(4);
  bytes.writeFloatBE(value);
  return bytes;
}

function double(value: number): Uint8Array {
  const bytes = Buffer.alloc(8);
  bytes.writeDoubleBE(value);
  return bytes;
}

test.each([
  [0, "0.0"],
  [-0, "-0.0"],
  [1, "1.0"],
  [-12.5, "-12.5"],
  [0.001, "0.001"],
  [0.00099, "9.9E-4"],
  [9_999_999, "9999999.0"],
  [10_000_000, "1.0E7"],
  [1.25e300, "1.25E300"],
  [Number.POSITIVE_INFINITY, "Infinity"],
])("float: the double %f is written as Java writes it", (value, text) => {
  expect(keyAttribute(double(value), "float")).toBe(text);
});

test("float: the text names the same number again, with no more digits than it needs", () => {
  fc.assert(
    fc.property(fc.double({ noNaN: true, noDefaultInfinity: true }), (value) => {
      expect(Number(keyAttribute(double(value), "float"))).toBe(value);
    }),
    { numRuns: 200 },
  );
  fc.assert(
    fc.property(fc.float({ noNaN: true, noDefaultInfinity: true }), (value) => {
      const text = String(keyAttribute(single(value), "float"));
      expect(Math.fround(Number(text))).toBe(value);
      expect(text.replace(/E.*/, "").replace(/[-.]/g, "").replace(/^0+/, "").replace(/0+$/, "").length).toBeLessThan(
        10,
      );
    }),
    { numRuns: 200 },
  );
});

test("int: every four bytes are one integer of CloudEvents", () => {
  fc.assert(
    fc.property(fc.integer(), (value) => {
      const bytes = Buffer.alloc(4);
      bytes.writeInt32BE(value);
      expect(keyAttribute(bytes, "int")).toBe(value);
    }),
    { numRuns: 100 },
  );
});
