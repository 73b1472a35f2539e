import fc from "fast-check";
import { expect, test } from "vitest";
import { cpusOf, memoryBytesOf, quantityOf } from "./quantity.ts";

test.each([
  ["125m", 0.125],
  ["0.5", 0.5],
  [".5", 0.5],
  ["2.", 2],
  [2, 2],
  ["1e3", 1_000],
  ["1E2", 100],
  ["12E", 12e18],
  ["1k", 1_000],
  ["512Mi", 2 ** 29],
  ["1G", 1e9],
  ["1.5Gi", 1.5 * 2 ** 30],
  ["+1", 1],
])("quantity: %j is %d", (text, value) => {
  expect(quantityOf(text)).toBeCloseTo(value, 9);
});

test.each(["", " 1", "1 Gi", "1K", "1KB", "-1", "0x10", "1e", "Gi", "1mi", ".", "1,5", "NaN", "1e400", "12Mi3"])(
  "quantity: %j is none",
  (text) => {
    expect(quantityOf(text)).toBeUndefined();
  },
);

test("quantity: any whole number of mebibytes or thousandths of a CPU reads as itself", () => {
  fc.assert(
    fc.property(fc.integer({ min: 10, max: 100_000 }), (count) => {
      expect(memoryBytesOf(`${count}Mi`)).toEqual({ kind: "value", value: count * 2 ** 20 });
      expect(cpusOf(`${count}m`)).toEqual({ kind: "value", value: count / 1_000 });
      expect(cpusOf(count / 1_000)).toEqual({ kind: "value", value: count / 1_000 });
    }),
    { numRuns: 200 },
  );
});

test.each([
  ["1", undefined],
  ["4096", "for mebibytes write 4096Mi"],
  ["0", "leave it out for no limit"],
  ["128m", '"m" is a thousandth; write 128Mi'],
  ["1gb", "write 1G"],
  ["1kib", "write 1Ki"],
  ["many", undefined],
  ["9E", undefined],
])("quantity: %j bytes of memory are refused", (text, hint) => {
  const read = memoryBytesOf(text);
  expect(read).toMatchObject({ kind: "invalid", expected: "a number of bytes such as 512Mi or 1G, at least 6Mi" });
  if (hint !== undefined) expect(read).toMatchObject({ hint });
});

test.each(["0", "0m", "9m", "5u", "half"])("quantity: %j CPUs are refused", (text) => {
  expect(cpusOf(text)).toMatchObject({
    kind: "invalid",
    expected: "a number of CPUs such as 500m or 0.5, at least 10m",
  });
});
