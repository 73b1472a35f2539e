import { expect, test } from "vitest";
import { StartRecord } from "./start-record.ts";

test("start record: tells the middle and the slow end of the last hundred starts, own and our part apart", () => {
  const record = new StartRecord();
  expect([record.ownStart(), record.ourStart()]).toEqual([undefined, undefined]);
  for (let n = 1; n <= 200; n++) record.ready({ wholeMs: n, ownMs: n, ourMs: n / 100 });
  expect(record.ownStart()).toEqual({ p50: 150, p95: 195 });
  expect(record.ourStart()).toEqual({ p50: 1.5, p95: 1.95 });
});

test("start record: tells the slow end of the last 20 whole starts", () => {
  const record = new StartRecord();
  expect(record.wholeStart()).toBeUndefined();
  for (let n = 1; n <= 60; n++) record.ready({ wholeMs: n === 60 ? 5_000 : 100, ownMs: 1, ourMs: 1 });
  expect(record.wholeStart()?.p95).toBe(100);
  record.ready({ wholeMs: 1_000, ownMs: 1, ourMs: 1 });
  expect(record.wholeStart()?.p95).toBe(1_000);
});

test("start record: instance seconds count running instances and leave out the time that they are frozen", () => {
  const record = new StartRecord();
  record.runs(1, 1_000);
  record.runs(2, 2_000);
  record.rests(1, 3_000);
  record.rests(1, 9_000);
  expect(record.instanceSeconds(4_000)).toBe(4);
  record.runs(1, 10_000);
  record.rests(2, 10_000);
  expect(record.instanceSeconds(11_000)).toBe(11);
});
