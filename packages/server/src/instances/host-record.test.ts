import { expect, test } from "vitest";
import type { JsonObject } from "../store/port.ts";
import { hostOf, toValue } from "./host-record.ts";

const read = (value: unknown) => hostOf({ key: "host.a-1", value: value as JsonObject, revision: 1, seenAt: 0 });
const nothing = { id: "a-1", platform: "", since: 0, process: "", kinds: [], services: {} };

test("host record: is read as it was written", () => {
  const services = { "shop/fn": { starting: 1, ready: 2, frozen: 0 } };
  const kinds = ["process", "container"] as const;
  const facts = { platform: "linux/x64", since: 7, process: "m/b/1/2/3", kinds, services };
  expect(read(toValue(facts))).toEqual({ id: "a-1", ...facts });
});

test.each([
  [{}],
  [{ platform: 1, since: "x", process: 5, kinds: "container", services: null }],
  [{ kinds: null, services: 5 }],
  [{ kinds: { length: 1 }, services: [] }],
  [{ since: -1, kinds: [1, null] }],
])("host record: %j is a process of which nothing is known", (value) => {
  expect(read(value)).toEqual(nothing);
});

test("host record: counts that are none are 0", () => {
  const services = { a: null, b: 5, c: { ready: "3", starting: Number.NaN, frozen: 1 } };
  const none = { starting: 0, ready: 0, frozen: 0 };
  expect(read({ services })?.services).toEqual({ a: none, b: none, c: { ...none, frozen: 1 } });
});
