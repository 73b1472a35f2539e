import { expect, test } from "vitest";
import { buildEvent } from "./event-input.ts";
import { brokerUrl, targetOf } from "./send-target.ts";

const base = { id: "1", source: "/me", type: "a.b", fields: [], rawFields: [], extensions: [] };

function dataOf(fields: readonly string[], rawFields: readonly string[] = []): unknown {
  return JSON.parse(new TextDecoder().decode(buildEvent({ ...base, fields, rawFields }).data));
}

test.each([
  ["1", 1],
  ["-1.5e3", -1500],
  ["true", true],
  ["null", null],
  ["007", "007"],
  ["12345678901234567890", "12345678901234567890"],
  ["1e999", "1e999"],
  ["text=with=signs", "text=with=signs"],
  ["", ""],
])("event: a field of %j is %j", (text, expected) => {
  expect(dataOf([`a=${text}`])).toEqual({ a: expected });
});

test("event: paths make objects, and raw fields are strings", () => {
  expect(dataOf(["a.b=1", "a.c=2"], ["a.d=3"])).toEqual({ a: { b: 1, c: 2, d: "3" } });
});

test("event: a field may be called __proto__", () => {
  expect(new TextDecoder().decode(buildEvent({ ...base, fields: ["__proto__.x=1"] }).data)).toBe(
    '{"__proto__":{"x":1}}',
  );
});

test.each([["a..b=1"], ["=1"], ["a"]])("event: the field %j is refused", (field) => {
  expect(() => dataOf([field])).toThrow("expected");
});

test("event: a value cannot have fields too", () => {
  expect(() => dataOf(["a=1", "a.b=2"])).toThrow("which is a value");
  expect(() => dataOf(["a.b=2", "a=1"])).toThrow("has fields of its own");
});

test.each([
  ['{"a":1}', "application/json"],
  ["hello", "text/plain"],
])("event: the content type of %s is guessed", (text, expected) => {
  const event = buildEvent({ ...base, data: new TextEncoder().encode(text) });
  expect(event.attributes.datacontenttype).toBe(expected);
});

test.each([
  ["default", "http://h/ns/default"],
  ["shop/main", "http://h/shop/main"],
  ["broker:main", "http://h/ns/main"],
  ["broker:main:shop", "http://h/shop/main"],
])("target: %s", (text, expected) => {
  const target = targetOf(text, "ns");
  expect(target.kind === "broker" && brokerUrl("http://h/", target)).toBe(expected);
});
