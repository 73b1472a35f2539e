import { Cron } from "croner";
import { createTask } from "node-cron";
import { expect, test, vi } from "vitest";
import { type FiringRow, firingTable } from "./schedule-table.testing.ts";

// The evidence of docs/decisions/0002: what each library, asked by itself, makes of the table. A row that leaves these
// lists after an update is a reason to look at the decision again.

type Planner = (expression: string, zone: string, after: Date, count: number) => (Date | null)[];

const nodeCron: Planner = (expression, timezone, after, count) => {
  vi.useFakeTimers({ toFake: ["Date"], now: after });
  try {
    const task = createTask(expression, () => undefined, { timezone });
    const runs = task.getNextRuns(count);
    void task.destroy();
    return runs;
  } finally {
    vi.useRealTimers();
  }
};

const croner: Planner = (expression, timezone, after, count) =>
  new Cron(expression, { timezone }).nextRuns(count, after);

function answer(plan: Planner, [expression, zone, after, planned]: FiringRow): string {
  try {
    const runs = plan(expression, zone, new Date(after), Math.max(1, planned.length));
    return runs.map((run) => run?.toISOString().replace(".000Z", "Z") ?? "none").join(" ");
  } catch {
    return "refused";
  }
}

/** The rows that a library fails, as "expression (zone): what it answers". */
function failures(plan: Planner): string[] {
  return firingTable.flatMap((row) => {
    const got = answer(plan, row);
    return got === row[3].join(" ") ? [] : [`${row[0]} (${row[1]}): ${got}`];
  });
}

test("node-cron: fails these rows of the table", () => {
  expect(failures(nodeCron)).toMatchInlineSnapshot(`
    [
      "5/15 * * * * (UTC): refused",
      "0 0 1,15 * 1 (UTC): 2026-06-01T00:00:00Z 2026-06-15T00:00:00Z 2027-02-01T00:00:00Z 2027-02-15T00:00:00Z",
      "0 0 1-31 * 1 (UTC): 2026-01-05T00:00:00Z 2026-01-12T00:00:00Z 2026-01-19T00:00:00Z",
      "0 0 */2 * 1 (UTC): 2026-01-05T00:00:00Z 2026-01-19T00:00:00Z 2026-02-09T00:00:00Z 2026-02-23T00:00:00Z 2026-03-09T00:00:00Z",
      "0 0 13 * */2 (UTC): 2026-01-13T00:00:00Z 2026-06-13T00:00:00Z 2026-08-13T00:00:00Z 2026-09-13T00:00:00Z",
      "? ? * * * (UTC): refused",
      "0 0 31 2 * (UTC): refused",
      "0 0 30 2 1 (UTC): refused",
      "30 2 * * * (Europe/Berlin): 2026-10-25T01:30:00Z 2026-10-26T01:30:00Z 2026-10-27T01:30:00Z",
      "0 * * * * (Europe/Berlin): 2026-10-25T01:00:00Z 2026-10-25T02:00:00Z 2026-10-25T03:00:00Z 2026-10-25T04:00:00Z",
      "*/30 * * * * (Europe/Berlin): 2026-10-25T01:00:00Z 2026-10-25T01:30:00Z 2026-10-25T02:00:00Z 2026-10-25T02:30:00Z 2026-10-25T03:00:00Z 2026-10-25T03:30:00Z",
      "0 1 * * * (America/New_York): 2026-11-01T05:00:00Z 2026-11-02T06:00:00Z 2026-11-03T06:00:00Z",
      "30 23 * * * (America/Sao_Paulo): 2018-02-18T01:30:00Z 2018-02-19T02:30:00Z 2018-02-20T02:30:00Z",
      "45 1 * * * (Australia/Lord_Howe): 2026-04-04T15:15:00Z 2026-04-05T15:15:00Z 2026-04-06T15:15:00Z",
      "30 1 25 10 * (Europe/London): 2026-10-25T01:30:00Z 2027-10-25T00:30:00Z",
      "0 0 1 1 0 (UTC): 2034-01-01T00:00:00Z 2040-01-01T00:00:00Z",
    ]
  `);
});

test("croner by itself: fails these rows of the table", () => {
  expect(failures(croner)).toMatchInlineSnapshot(`
    [
      "5/15 * * * * (UTC): refused",
      "*/90 * * * * (UTC): refused",
      "0 0 */1 * 1 (UTC): 2026-01-02T00:00:00Z 2026-01-03T00:00:00Z",
      "0 0 *,5 * 1 (UTC): 2026-01-02T00:00:00Z 2026-01-03T00:00:00Z",
      "30 2 * * * (Europe/Berlin): 2026-03-28T01:30:00Z 2026-03-29T01:00:00Z 2026-03-30T00:30:00Z",
      "30 2 * * * (Europe/Berlin): 2026-10-25T00:30:00Z 2026-10-26T01:30:00Z 2026-10-27T01:30:00Z",
      "0 1 * * * (America/New_York): 2026-11-01T05:00:00Z 2026-11-02T06:00:00Z 2026-11-03T06:00:00Z",
      "0 0 * * * (America/Sao_Paulo): 2018-11-04T03:00:00Z 2018-11-05T02:00:00Z",
      "0 0 * * * (America/Santiago): 2026-09-06T04:00:00Z 2026-09-07T03:00:00Z",
      "0 0 * * * (Africa/Cairo): 2026-04-23T22:00:00Z 2026-04-24T21:00:00Z",
      "30 23 * * * (America/Sao_Paulo): 2018-02-18T01:30:00Z 2018-02-19T02:30:00Z 2018-02-20T02:30:00Z",
      "45 1 * * * (Australia/Lord_Howe): 2026-04-04T14:45:00Z 2026-04-05T15:15:00Z 2026-04-06T15:15:00Z",
      "15 2 * * * (Australia/Lord_Howe): 2026-10-03T15:30:00Z 2026-10-04T15:15:00Z",
      "30 1 25 10 * (Europe/London): 2026-10-25T00:30:00Z 2027-10-25T00:30:00Z",
    ]
  `);
});
