import { createEvent, withAttributes } from "@rouse/events";
import { expect, test } from "vitest";
import { hopsAfter, takeHops } from "./hops.ts";

const plain = createEvent({ id: "1", source: "/s", type: "t" }, undefined);

function withTtl(value: string | number) {
  return withAttributes(plain, { knativebrokerttl: value });
}

test("hops: an event without a count gets the most, one with a count keeps what is left", () => {
  expect(takeHops(plain, 255)).toEqual({ kind: "taken", event: plain, hops: 255 });
  expect(takeHops(withTtl(10), 255)).toMatchObject({ kind: "taken", event: plain, hops: 9 });
  expect(takeHops(withTtl("10"), 255)).toMatchObject({ hops: 9 });
});

test("hops: a count is honoured only downwards", () => {
  expect(takeHops(withTtl(100_000), 255)).toMatchObject({ hops: 255 });
});

test("hops: an event that used its last one is exhausted", () => {
  for (const ttl of [1, 0, -5]) expect(takeHops(withTtl(ttl), 255).kind).toBe("exhausted");
});

test("hops: what is no number counts as absent", () => {
  for (const ttl of ["", "many", "1.5"]) {
    const { attributes, data } = plain;
    const event = { attributes: { ...attributes, knativebrokerttl: ttl }, data };
    expect(takeHops(event, 255)).toMatchObject({ kind: "taken", hops: 255 });
  }
});

test("hops: each broker takes one", () => {
  expect(hopsAfter(undefined, 255)).toBe(255);
  expect(hopsAfter(255, 255)).toBe(254);
  expect(hopsAfter(1, 255)).toBe(0);
});
