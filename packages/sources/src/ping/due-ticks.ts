import { between, newest, type Schedule } from "./schedule.ts";

/** What happens to ticks that were due while nothing ran: the newest is published, all are, or none. */
export type MissedTicks = "latest" | "all" | "skip";

/** A planned time that is to be published. */
export interface DueTick {
  readonly planned: number;
  readonly missed: boolean;
}

/** When and how ticks are looked for. Times are milliseconds since the epoch. */
export interface DueQuestion {
  readonly schedule: Schedule;
  /** Ticks up to here were seen before. */
  readonly after: number;
  readonly now: number;
  /** Ticks planned after this are in time, however late they are found; earlier ones were missed. */
  readonly onTimeAfter: number;
  readonly missedTicks: MissedTicks;
  /** A missed tick older than this is left out. */
  readonly deadlineMs: number;
}

/** What is due, oldest first, and how many missed ticks the policy left out (counted up to `countedMax`). */
export interface DueAnswer {
  readonly ticks: readonly DueTick[];
  readonly leftOut: number;
}

/** At most this many missed ticks are published of one gap, the newest. */
export const missedMax = 100;
/** Ticks left out are counted up to this. */
export const countedMax = 1000;

/** The ticks in (after, now], split into those in time and those missed, with the policy applied to the latter. */
export function dueTicks(question: DueQuestion): DueAnswer {
  const { schedule, after, now } = question;
  if (now <= after) return { ticks: [], leftOut: 0 };
  const border = Math.min(Math.max(after, question.onTimeAfter), now);
  const inTime = newest(schedule, border, now, missedMax).map((planned) => ({ planned, missed: false }));
  if (border <= after) return { ticks: inTime, leftOut: 0 };
  const kept = keptOf(question, border);
  const all = between(schedule, after, border, countedMax).length;
  const missed = kept.map((planned) => ({ planned, missed: true }));
  return { ticks: [...missed, ...inTime], leftOut: Math.max(0, all - kept.length) };
}

function keptOf(question: DueQuestion, border: number): number[] {
  // The deadline is inclusive: a tick exactly that old is still published.
  const earliest = Math.max(question.after, question.now - question.deadlineMs - 1);
  switch (question.missedTicks) {
    case "skip":
      return [];
    case "latest":
      return newest(question.schedule, earliest, border, 1);
    case "all":
      return newest(question.schedule, earliest, border, missedMax);
    default: {
      const unknown: never = question.missedTicks;
      return unknown;
    }
  }
}
