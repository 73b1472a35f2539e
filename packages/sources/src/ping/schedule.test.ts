import fc from "fast-check";
import { expect, test } from "vitest";
import { between, newest, next, parseSchedule, previous, type Schedule } from "./schedule.ts";
import { firingTable, refusedTable } from "./schedule-table.testing.ts";

function schedule(text: string, timezone = "UTC"): Schedule {
  const parsed = parseSchedule(text, timezone);
  if (parsed.kind === "problem") throw new Error(parsed.message);
  return parsed.schedule;
}

const iso = (instant: number): string => new Date(instant).toISOString().replace(".000Z", "Z");

for (const [expression, zone, after, planned] of firingTable) {
  test(`schedule: "${expression}" in ${zone} after ${after} fires as robfig/cron does`, () => {
    const found = between(schedule(expression, zone), Date.parse(after), Infinity, Math.max(1, planned.length));
    expect(found.map(iso)).toEqual(planned);
  });
}

for (const [expression, says] of refusedTable) {
  test(`schedule: "${expression}" is refused with a way out`, () => {
    const parsed = parseSchedule(expression, undefined);
    if (parsed.kind !== "problem") throw new Error("was accepted");
    expect(`${parsed.message}; ${parsed.hint}`).toContain(says);
    expect(parsed.hint).not.toBe("");
  });
}

test.each(["Mars/Olympus", "+02:00", "Local", "Europe/Berlin "])("schedule: zone %j is refused", (zone) => {
  const parsed = parseSchedule("* * * * *", zone);
  expect(parsed).toMatchObject({ kind: "problem", message: `timezone: expected an IANA name, got "${zone}"` });
});

test("schedule: without a zone it is UTC, whatever the zone of the process", () => {
  const parsed = parseSchedule("0 9 * * *", undefined);
  if (parsed.kind === "problem") throw new Error(parsed.message);
  expect(parsed.schedule.timezone).toBe("UTC");
  expect(iso(next(parsed.schedule, Date.UTC(2026, 0, 1)) ?? 0)).toBe("2026-01-01T09:00:00Z");
});

test("schedule: after a fraction of a second the next whole second may fire", () => {
  const every = schedule("* * * * * *");
  expect(next(every, Date.UTC(2026, 0, 1) + 1)).toBe(Date.UTC(2026, 0, 1) + 1000);
  expect(next(every, Date.UTC(2026, 0, 1) + 999)).toBe(Date.UTC(2026, 0, 1) + 1000);
});

test("schedule: newest finds the last ones of a long span without walking through it", () => {
  const found = newest(schedule("* * * * * *"), Date.UTC(2020, 0, 1), Date.UTC(2026, 0, 1), 3);
  expect(found.map(iso)).toEqual(["2025-12-31T23:59:58Z", "2025-12-31T23:59:59Z", "2026-01-01T00:00:00Z"]);
});

test("schedule: previous is the last planned time strictly before, leap days included", () => {
  expect(previous(schedule("0 0 29 2 *"), Date.UTC(2027, 0, 1))).toBe(Date.UTC(2024, 1, 29));
  expect(previous(schedule("* * * * *"), Date.UTC(2026, 0, 1))).toBe(Date.UTC(2025, 11, 31, 23, 59));
  expect(previous(schedule("* * * * *"), Date.UTC(2026, 0, 1) + 1)).toBe(Date.UTC(2026, 0, 1));
  expect(previous(schedule("0 0 31 2 *"), Date.UTC(2026, 0, 1))).toBeUndefined();
});

/** A field as text and as the set it stands for, made together so that the oracle never parses. */
function field(min: number, max: number) {
  const values = fc.uniqueArray(fc.integer({ min, max }), { minLength: 1, maxLength: 4 });
  return fc.oneof(
    fc.constant({ text: "*", star: true, takes: (_: number) => true }),
    values.map((list) => ({ text: list.join(","), star: false, takes: (n: number) => list.includes(n) })),
    fc.integer({ min: 2, max: 20 }).map((step) => ({
      text: `*/${step}`,
      star: false,
      takes: (n: number) => (n - min) % step === 0,
    })),
    fc.tuple(fc.integer({ min, max }), fc.integer({ min, max })).map(([a, b]) => {
      const [low, high] = a < b ? [a, b] : [b, a];
      return { text: `${low}-${high}`, star: false, takes: (n: number) => n >= low && n <= high };
    }),
  );
}

const expressions = fc.tuple(field(0, 59), field(0, 23), field(1, 31), field(1, 12), field(0, 6));
const starts = fc.integer({ min: Date.UTC(2025, 0, 1) / 1000, max: Date.UTC(2028, 0, 1) / 1000 });

test("schedule: next is strictly later and agrees with a walk over every minute, in UTC", () => {
  fc.assert(
    fc.property(expressions, starts, ([minute, hour, day, month, weekday], start) => {
      const text = [minute, hour, day, month, weekday].map((part) => part.text).join(" ");
      const from = start * 1000;
      const until = from + 3 * 86_400_000;
      const naive: number[] = [];
      for (let at = Math.floor(from / 60_000) * 60_000 + 60_000; at <= until; at += 60_000) {
        const date = new Date(at);
        if (!minute.takes(date.getUTCMinutes()) || !hour.takes(date.getUTCHours())) continue;
        if (!month.takes(date.getUTCMonth() + 1)) continue;
        const byDay = day.takes(date.getUTCDate());
        const byWeekday = weekday.takes(date.getUTCDay());
        if (day.star || weekday.star ? byDay && byWeekday : byDay || byWeekday) naive.push(at);
        if (naive.length === 50) break;
      }
      expect(between(schedule(text), from, until, 50)).toEqual(naive);
    }),
    { numRuns: 60 },
  );
});

test("schedule: in any zone it fires at every instant whose wall clock matches, through the changes of the year", () => {
  const zones = fc.constantFrom("Europe/Berlin", "America/New_York", "Australia/Lord_Howe", "Africa/Casablanca");
  // The week around each change of these zones in 2026.
  const weeks = fc.constantFrom("2026-02-15", "2026-03-08", "2026-03-22", "2026-03-29", "2026-04-05", "2026-10-04");
  fc.assert(
    fc.property(zones, weeks, field(0, 59), field(0, 23), (zone, week, minute, hour) => {
      const wall = new Intl.DateTimeFormat("en-GB", { timeZone: zone, timeStyle: "short" });
      const from = Date.parse(`${week}T00:00:00Z`) - 86_400_000;
      const naive: number[] = [];
      for (let at = from + 60_000; at <= from + 2 * 86_400_000; at += 60_000) {
        const [h, m] = wall.format(at).split(":").map(Number);
        if (minute.takes(m ?? -1) && hour.takes(h ?? -1)) naive.push(at);
      }
      const found = between(schedule(`${minute.text} ${hour.text} * * *`, zone), from, from + 2 * 86_400_000, 10_000);
      expect(found).toEqual(naive);
    }),
    { numRuns: 8 },
  );
});
