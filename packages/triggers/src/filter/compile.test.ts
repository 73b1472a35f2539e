import { expect, test } from "vitest";
import { compile } from "./compile.ts";
import { sampleEvent } from "./event.testing.ts";
import type { Filter } from "./filter.ts";

const everything: Filter = { kind: "everything" };
const takes = (filter: Filter, attributes: Parameters<typeof sampleEvent>[0] = {}) =>
  compile(filter)(sampleEvent(attributes));

test("attributes: an empty value asks for the attribute to be present and not empty", () => {
  const filter: Filter = { kind: "attributes", pairs: { region: "" } };
  expect(takes(filter, { region: "eu" })).toBe(true);
  expect(takes(filter, { region: "" })).toBe(false);
  expect(takes(filter)).toBe(false);
});

test("attributes: all pairs must hold", () => {
  const filter: Filter = { kind: "attributes", pairs: { type: "order.created", region: "eu" } };
  expect(takes(filter, { region: "eu" })).toBe(true);
  expect(takes(filter, { region: "us" })).toBe(false);
});

test("attributes: a time that was never set is absent in the older dialect", () => {
  expect(takes({ kind: "attributes", pairs: { time: "" } })).toBe(false);
  expect(takes({ kind: "attributes", pairs: { time: "0001-01-01T00:00:00Z" } })).toBe(false);
});

test("exact, prefix, suffix: all pairs of the map must hold", () => {
  const pairs = { type: "order.created", source: "/shop" };
  for (const kind of ["exact", "prefix", "suffix"] as const) {
    expect(takes({ kind, pairs })).toBe(true);
    expect(takes({ kind, pairs: { ...pairs, id: "2" } })).toBe(false);
  }
});

test("exact, prefix, suffix: compare case-sensitively", () => {
  expect(takes({ kind: "exact", pairs: { type: "Order.Created" } })).toBe(false);
  expect(takes({ kind: "prefix", pairs: { type: "Order" } })).toBe(false);
  expect(takes({ kind: "suffix", pairs: { type: "Created" } })).toBe(false);
});

test("exact, prefix, suffix: a missing attribute is no match, and a match under not", () => {
  for (const kind of ["exact", "prefix", "suffix"] as const) {
    const filter: Filter = { kind, pairs: { region: "eu" } };
    expect(takes(filter)).toBe(false);
    expect(takes({ kind: "not", filter })).toBe(true);
  }
});

test("core optional attributes: an unset subject, datacontenttype or dataschema is the empty text", () => {
  for (const name of ["subject", "datacontenttype", "dataschema", "schemaurl", "datamediatype"]) {
    expect(takes({ kind: "exact", pairs: { [name]: "" } })).toBe(true);
    expect(takes({ kind: "prefix", pairs: { [name]: "x" } })).toBe(false);
  }
});

test("core optional attributes: an unset time is the first second of year one", () => {
  expect(takes({ kind: "exact", pairs: { time: "0001-01-01T00:00:00Z" } })).toBe(true);
  expect(takes({ kind: "prefix", pairs: { time: "0001" } })).toBe(true);
  expect(takes({ kind: "prefix", pairs: { time: "0001" } }, { time: "2026-01-01T00:00:00Z" })).toBe(false);
});

test("aliases: schemaurl is dataschema, datamediatype is datacontenttype without parameters", () => {
  const attributes = { dataschema: "https://example.com/s", datacontenttype: "text/plain; charset=utf-8" };
  expect(takes({ kind: "exact", pairs: { schemaurl: "https://example.com/s" } }, attributes)).toBe(true);
  expect(takes({ kind: "exact", pairs: { datamediatype: "text/plain" } }, attributes)).toBe(true);
});

test("integers and booleans: are compared in canonical text, in every dialect", () => {
  for (const kind of ["attributes", "exact", "prefix", "suffix"] as const) {
    expect(takes({ kind, pairs: { count: "-5" } }, { count: -5 })).toBe(true);
    expect(takes({ kind, pairs: { urgent: "true" } }, { urgent: true })).toBe(true);
  }
  expect(takes({ kind: "exact", pairs: { count: "05" } }, { count: 5 })).toBe(false);
});

test("an empty all, any, map or not: takes every event", () => {
  expect(takes({ kind: "all", filters: [] })).toBe(true);
  expect(takes({ kind: "any", filters: [] })).toBe(true);
  expect(takes({ kind: "not", filter: everything })).toBe(true);
  expect(takes({ kind: "exact", pairs: {} })).toBe(true);
});

test("not of an empty filter: is still no filter", () => {
  expect(takes({ kind: "not", filter: { kind: "all", filters: [] } })).toBe(true);
  expect(takes({ kind: "not", filter: { kind: "not", filter: { kind: "any", filters: [everything] } } })).toBe(true);
});

test("an empty filter in a list: is left out, so it widens neither any nor all", () => {
  const other: Filter = { kind: "exact", pairs: { type: "other" } };
  expect(takes({ kind: "any", filters: [{ kind: "all", filters: [] }, other] })).toBe(false);
  expect(takes({ kind: "all", filters: [everything, { kind: "not", filter: other }] })).toBe(true);
});

test("all, any, not: combine as in logic", () => {
  const yes: Filter = { kind: "exact", pairs: { type: "order.created" } };
  const no: Filter = { kind: "exact", pairs: { type: "other" } };
  expect(takes({ kind: "all", filters: [yes, yes, no] })).toBe(false);
  expect(takes({ kind: "all", filters: [yes, yes, yes] })).toBe(true);
  expect(takes({ kind: "any", filters: [no, yes] })).toBe(true);
  expect(takes({ kind: "any", filters: [no, no] })).toBe(false);
  expect(takes({ kind: "not", filter: { kind: "any", filters: [no, no] } })).toBe(true);
});

test("an attribute called like something every object has: is missing unless the event carries it", () => {
  const event = { attributes: { specversion: "1.0", id: "1", source: "/", type: "t" }, data: undefined } as const;
  expect(compile({ kind: "prefix", pairs: { constructor: "f" } })(event)).toBe(false);
});
