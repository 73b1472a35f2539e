import { expect, test } from "vitest";
import { sampleEvent } from "./event.testing.ts";
import { explain } from "./explain.ts";
import type { Filter } from "./filter.ts";

const exact = (pairs: Record<string, string>): Filter => ({ kind: "exact", pairs });
const why = (filter: Filter, attributes: Parameters<typeof sampleEvent>[0] = {}) =>
  explain(filter, sampleEvent({ type: "a.b", ...attributes })).summary;

test("explain: says the value seen and the value wanted", () => {
  expect(why(exact({ type: "a.c" }))).toBe('type is "a.b", wanted "a.c"');
  expect(why({ kind: "prefix", pairs: { type: "b." } })).toBe('type is "a.b", wanted a text that begins with "b."');
  expect(why({ kind: "suffix", pairs: { type: ".c" } })).toBe('type is "a.b", wanted a text that ends with ".c"');
});

test("explain: says that an attribute is missing, or unset and what stands in for it", () => {
  expect(why(exact({ region: "eu" }))).toBe('region is missing, wanted "eu"');
  expect(why(exact({ subject: "x" }))).toBe('subject is unset (compared as ""), wanted "x"');
  expect(why({ kind: "attributes", pairs: { region: "" } })).toBe(
    "region is missing, wanted any value but the empty one",
  );
});

test("explain: of an any, the nearest miss is told", () => {
  const filter: Filter = {
    kind: "any",
    filters: [exact({ type: "x.y" }), exact({ type: "a.c" }), exact({ region: "eu" })],
  };
  expect(why(filter)).toBe('type is "a.b", wanted "a.c"');
});

test("explain: of an all, what failed is told and counted", () => {
  const filter: Filter = {
    kind: "all",
    filters: [exact({ type: "a.b" }), exact({ id: "2" }), exact({ region: "eu" })],
  };
  expect(why(filter)).toBe('id is "1", wanted "2" (and 1 more)');
});

test("explain: of a not, what excluded the event is told", () => {
  const filter: Filter = { kind: "not", filter: { kind: "prefix", pairs: { type: "a." } } };
  expect(why(filter)).toBe('type "a.b" begins with "a.", which is excluded');
  expect(why(filter, { type: "b" })).toBe('not excluded, as type is "b", wanted a text that begins with "a."');
});

test("explain: says why an event is taken", () => {
  expect(why({ kind: "all", filters: [] })).toBe("takes every event");
  const filter: Filter = { kind: "all", filters: [exact({ type: "a.b" }), { kind: "prefix", pairs: { source: "/" } }] };
  expect(why(filter)).toBe('type is "a.b" and source "/shop" begins with "/"');
});

test("explain: the tree carries a verdict for every clause", () => {
  const filter: Filter = {
    kind: "any",
    filters: [exact({ id: "1" }), { kind: "not", filter: exact({ type: "a.b" }) }],
  };
  expect(explain(filter, sampleEvent({ type: "a.b" })).clause).toEqual({
    kind: "any",
    passed: true,
    clauses: [
      { kind: "exact", passed: true, attribute: "id", wanted: "1", seen: "1", carried: true },
      {
        kind: "not",
        passed: false,
        clause: { kind: "exact", passed: true, attribute: "type", wanted: "a.b", seen: "a.b", carried: true },
      },
    ],
  });
});
