import { expect, test } from "vitest";
import { AverageAutoscaler } from "./average-autoscaler.ts";
import { cases } from "./cases.ts";
import { simulate } from "./simulate.ts";
import { rowOf, tableOf } from "./table.ts";

const rows = Object.values(cases).map(rowOf);

test("simulation: all that came is answered, and nothing runs on", () => {
  for (const { name, ours, panicking, average } of rows)
    expect({ name, lost: [ours.lost, panicking.lost, average.lost] }).toEqual({ name, lost: [0, 0, 0] });
});

test("simulation: one event from zero waits for the start and for nothing else", () => {
  expect(simulate(cases.single)).toMatchObject({ p50: 500, p99: 500, max: 500, peak: 1 });
  expect(simulate(cases.sparse)).toMatchObject({ p99: 500, peak: 1 });
});

test("simulation: a burst of 200 on ten slots each waits 1.5 s at most, with ten instances at most", () => {
  const { p99, peak } = simulate(cases.burst);
  expect(p99).toBeLessThanOrEqual(1_500);
  expect(peak).toBeLessThanOrEqual(10);
});

test("simulation: a burst of 200 slow requests of one slot each waits less than with a tick of two seconds", () => {
  const { p99, peak } = simulate(cases.slowBurst);
  expect(p99).toBeLessThanOrEqual(3_500);
  expect(peak).toBeLessThanOrEqual(100);
});

test("simulation: a step from 20 to 400 a second waits 150 ms at most", () => {
  expect(simulate(cases.step).p99).toBeLessThanOrEqual(150);
});

test("simulation: a steady load costs at most 1.2 times what an average over a minute does", () => {
  const average = new AverageAutoscaler(cases.steady, false).run();
  expect(simulate(cases.steady).instanceSeconds).toBeLessThanOrEqual(1.2 * average.instanceSeconds);
});

test("simulation: the table of the policies is the one that was decided on", () => {
  expect(tableOf(rows)).toMatchInlineSnapshot(`
    "| wait p50/p99/max ms, peak, instance-seconds | ours | Knative-like | 60 s average |
    | --- | --- | --- | --- |
    | one event from zero | 500 / 500 / 500, 1, 61 | 500 / 500 / 500, 1, 62 | 500 / 500 / 500, 1, 62 |
    | burst of 200, concurrency 10, 100 ms | 1093 / 1250 / 1252, 5, 303 | 1369 / 2285 / 2303, 21, 1264 | 1369 / 2285 / 2303, 21, 196 |
    | burst of 200, concurrency 1, 2 s | 1405 / 3284 / 3305, 100, 6348 | 2500 / 4370 / 4385, 100, 6414 | 2500 / 4370 / 4385, 100, 3432 |
    | 100 a second for 5 minutes | 0 / 0 / 500, 4, 840 | 0 / 9 / 500, 7, 978 | 0 / 9 / 500, 7, 710 |
    | 20, then 400 a second, a minute each | 0 / 77 / 500, 10, 940 | 0 / 1408 / 1820, 32, 2146 | 0 / 2561 / 2802, 18, 1164 |
    | one event each 90 s, 20 times | 500 / 500 / 500, 1, 1212 | 500 / 500 / 500, 1, 1240 | 500 / 500 / 500, 1, 1240 |"
  `);
});
