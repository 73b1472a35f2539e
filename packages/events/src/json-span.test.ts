import fc from "fast-check";
import { expect, test } from "vitest";
import { repeatedName, scanObject, skipValue } from "./json-span.ts";
import { bytes } from "./samples.testing.ts";

const awkward = fc
  .array(fc.constantFrom('"', "\\", "}", "]", "{", "a", "é", "\n", "\\\\", '\\"'), { maxLength: 80 })
  .map((parts) => parts.join(""));

test("span: a value ends where it ends, whatever quotes, backslashes and brackets its strings hold", () => {
  const value = fc.oneof(awkward, fc.array(awkward), fc.dictionary(awkward, fc.jsonValue()));
  fc.assert(
    fc.property(value, fc.nat(3), (any, spaces) => {
      const text = JSON.stringify(any);
      const encoded = bytes(text + " ".repeat(spaces));
      expect(skipValue(encoded, 0)).toBe(bytes(text).length);
    }),
    { numRuns: 300 },
  );
});

test("span: an object gives its members, its end and the place of its first `data`", () => {
  const text = '{ "a" : {"data":1} , "data" : [2] ,"data":3,"n":-1.5e3 } ,';
  const span = scanObject(bytes(text), 0);
  expect(text.slice(span.dataStart, span.dataEnd)).toBe("[2]");
  expect(text.slice(span.end)).toBe(" ,");
  expect([span.members, span.fractional]).toEqual([4, "n"]);
  expect(scanObject(bytes("{ }"), 0)).toEqual({
    end: 3,
    members: 0,
    dataStart: -1,
    dataEnd: -1,
    fractional: undefined,
  });
});

test("span: names are compared unescaped", () => {
  expect(repeatedName(bytes('{"a":1,"b":{"a":1},"\\u0061":2}'), 0)).toBe("a");
  expect(repeatedName(bytes('{"a":1,"b":{"a":1}}'), 0)).toBeUndefined();
});
