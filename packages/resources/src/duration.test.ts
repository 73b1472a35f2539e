import fc from "fast-check";
import { expect, test } from "vitest";
import { formatDuration, parseDuration, parseGoDuration } from "./duration.ts";

test.each([
  ["PT0.2S", 200],
  ["PT0,2S", 200],
  ["PT10M", 600_000],
  ["P7D", 604_800_000],
  ["P1W", 604_800_000],
  ["P1DT2H3M4.005S", 93_784_005],
  ["PT1.5H", 5_400_000],
  ["PT0S", 0],
  ["P0D", 0],
])("duration: %s is %i ms", (text, ms) => {
  expect(parseDuration(text)).toEqual({ kind: "duration", ms });
});

test.each([
  ["", undefined],
  ["P", undefined],
  ["PT", undefined],
  ["P1DT", undefined],
  ["PT1.5H3M", undefined],
  ["5", undefined],
  [" PT1S", undefined],
  ["P1M", "years and months have no fixed length; write days, hours or minutes (PT1M is a minute)"],
  ["P1Y2M", "years and months have no fixed length; write days, hours or minutes (PT1M is a minute)"],
  ["P1YT1S", "years and months have no fixed length; write days, hours or minutes (PT1M is a minute)"],
  ["-PT1S", "a duration cannot be negative"],
  ["pt1s", "write PT1S"],
  ["200ms", "write PT0.2S"],
  ["5s", "write PT5S"],
  ["1h30m", "write PT1H30M"],
])("duration: %j is refused, with the way out when it is known", (text, hint) => {
  expect(parseDuration(text)).toEqual({
    kind: "invalid",
    expected: "an ISO 8601 duration such as PT0.2S, PT10M or P7D",
    hint,
  });
});

test("duration: one too long for milliseconds is refused", () => {
  expect(parseDuration("P99999999999D").kind).toBe("invalid");
});

test("duration: what is formatted is read back as the same", () => {
  fc.assert(
    fc.property(fc.nat({ max: 2 ** 45 }), (ms) => {
      expect(parseDuration(formatDuration(ms))).toEqual({ kind: "duration", ms });
    }),
  );
});

test("duration: is formatted in the largest units", () => {
  expect([200, 60_000, 604_800_000, 90_061_001].map(formatDuration)).toEqual([
    "PT0.2S",
    "PT1M",
    "P7D",
    "P1DT1H1M1.001S",
  ]);
});

test("go duration: is read as Knative's annotations write it", () => {
  expect(["1m5s", "500ms", "0", "", "x"].map(parseGoDuration)).toEqual([65_000, 500, 0, undefined, undefined]);
});
