import { expect, test } from "vitest";
import { retryAfterMs } from "./retry-after.ts";

const now = Date.UTC(2026, 0, 1);

test("retry-after: seconds and both zoned forms of HTTP dates are read", () => {
  expect(retryAfterMs(" 120 ", now)).toBe(120_000);
  expect(retryAfterMs("Thu, 01 Jan 2026 00:01:00 GMT", now)).toBe(60_000);
  expect(retryAfterMs("Thursday, 01-Jan-26 00:01:00 GMT", now)).toBe(60_000);
});

test("retry-after: a date that has passed is no wait", () => {
  expect(retryAfterMs("Thu, 01 Jan 2025 00:00:00 GMT", now)).toBe(0);
});

test("retry-after: everything else is as if it were not there", () => {
  for (const text of [
    undefined,
    "",
    "soon",
    "-1",
    "1.5",
    "1e3",
    "2026-01-01T00:01:00Z",
    "Foo, bar GMT",
    "9".repeat(11),
  ]) {
    expect(retryAfterMs(text, now)).toBeUndefined();
  }
});
