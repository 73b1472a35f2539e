import { expect, test } from "vitest";
import { createEvent, withAttributes } from "./event-builder.ts";
import { attributesBytesMax } from "./limits.ts";
import { faultOf, least } from "./samples.testing.ts";

test("event: its attributes are frozen and inherit nothing", () => {
  const { attributes } = createEvent({ ...least, constructor: "mine" } as Record<string, string> & typeof least);
  expect(attributes.constructor).toBe("mine");
  expect("toString" in attributes).toBe(false);
  expect("constructor" in createEvent(least).attributes).toBe(false);
  expect(() => Object.assign(attributes, { id: "2" })).toThrow(TypeError);
});

test("event: the caller's object is copied, its data are taken as they are", () => {
  const input = { ...least, ext: "a" };
  const data = new Uint8Array([1, 2]);
  const event = createEvent(input, data);
  input.ext = "b";
  expect(event.attributes.ext).toBe("a");
  expect(event.data).toBe(data);
});

test("event: no data and data of no bytes are two things", () => {
  expect(createEvent(least).data).toBeUndefined();
  expect(createEvent(least, new Uint8Array(0)).data).toHaveLength(0);
});

test("event: minus zero is zero", () => {
  expect(Object.is(createEvent({ ...least, ext: -0 }).attributes.ext, 0)).toBe(true);
});

test("event: attributes are refused when all together are larger than the limit, in UTF-8", () => {
  const used = "specversion1.0id1source/stypetext".length;
  expect(createEvent({ ...least, type: "t", ext: "x".repeat(attributesBytesMax - used - 1) })).toBeDefined();
  expect(faultOf(() => createEvent({ ...least, ext: "é".repeat(attributesBytesMax / 2) }))).toMatch(
    /^EVENT_TOO_LARGE attributes take \d+ bytes; at most 16384 are allowed$/,
  );
});

test("withAttributes: sets and removes, and leaves the first event alone", () => {
  const event = createEvent({ ...least, a: "1", b: 2 }, new Uint8Array([7]));
  const changed = withAttributes(event, { a: undefined, c: true });
  expect({ ...changed.attributes }).toEqual({ specversion: "1.0", ...least, b: 2, c: true });
  expect(changed.data).toBe(event.data);
  expect(event.attributes.a).toBe("1");
  expect(faultOf(() => withAttributes(event, { id: undefined }))).toContain('required attribute "id" is missing');
});
