import { Cron } from "croner";
import { parseCronExpression, type ScheduleProblem } from "./cron-expression.ts";
import { type Zone, zoneOf } from "./zone.ts";

/**
 * When ticks are planned. A schedule fires at every instant whose wall clock, read in its zone, matches the expression:
 * a local time that summer time skips does not fire, one that it repeats fires both times (robfig/cron v3).
 */
export interface Schedule {
  /** As written. */
  readonly text: string;
  /** The IANA name. */
  readonly timezone: string;
  readonly zone: Zone;
  /** The first matching wall time after `wall`, both written as if the zone were UTC. */
  nextWall(wall: number): number | undefined;
}

/** A schedule, or why the text is none. */
export type ParsedSchedule = { readonly kind: "ok"; readonly schedule: Schedule } | ScheduleProblem;

const secondMs = 1000;
const farthestInstant = Date.UTC(9000, 0, 1);

/**
 * Reads a schedule: five or six fields (seconds first) or a descriptor, by the rules of robfig/cron v3.
 * @param timezone an IANA name; default UTC, whatever the zone of this process, so that all replicas agree.
 */
export function parseSchedule(text: string, timezone: string | undefined): ParsedSchedule {
  const name = timezone === undefined || timezone === "" ? "UTC" : timezone;
  const zone = zoneOf(name);
  if (zone === undefined) {
    return {
      kind: "problem",
      message: `timezone: expected an IANA name, got "${name}"`,
      hint: 'use a name like "Europe/Berlin" or "UTC"',
    };
  }
  const expression = parseCronExpression(text);
  if (expression.kind === "problem") return expression;
  // The library only sees a calendar without summer time; what a zone does to it is decided here.
  const calendar = new Cron(expression.canonical, { utcOffset: 0 });
  let never = false;
  const nextWall = (wall: number): number | undefined => {
    // Finding out that nothing ever matches takes a walk over millennia; once is enough.
    if (never) return undefined;
    const run = calendar.nextRun(new Date(wall));
    never = run === null;
    return run?.getTime();
  };
  return { kind: "ok", schedule: { text, timezone: name, zone, nextWall } };
}

/** The first planned time after `after` (milliseconds), a whole second; undefined when there is none (30 February). */
export function next(schedule: Schedule, after: number): number | undefined {
  const { zone } = schedule;
  let from = Math.floor(after / secondMs) * secondMs;
  let wallFrom = from + zone.offsetAt(from);
  for (;;) {
    const wall = schedule.nextWall(wallFrom);
    if (wall === undefined || wall > farthestInstant) return undefined;
    const instant = wall - zone.offsetAt(from);
    const change = zone.changeWithin(from, instant);
    if (change === undefined) return instant;
    // Up to the change nothing matches; from there on the wall clock reads differently, the change itself included.
    from = change;
    wallFrom = change + zone.offsetAt(change) - secondMs;
  }
}

/** Planned times in (from, to], oldest first, at most `limit` of them. */
export function between(schedule: Schedule, from: number, to: number, limit: number): number[] {
  const found: number[] = [];
  let last = next(schedule, from);
  while (last !== undefined && last <= to && found.length < limit) {
    found.push(last);
    if (found.length < limit) last = next(schedule, last);
  }
  return found;
}

/** The newest `limit` planned times in (from, to], oldest first. */
export function newest(schedule: Schedule, from: number, to: number, limit: number): number[] {
  if (limit <= 0) return [];
  const all = between(schedule, from, to, limit + 1);
  if (all.length <= limit) return all;
  // The start is searched for by halving, which costs at most `limit` steps a time however long the span is.
  let tooEarly = Math.floor(from / secondMs);
  let lateEnough = Math.floor(to / secondMs);
  while (lateEnough - tooEarly > 1) {
    const middle = Math.floor((tooEarly + lateEnough) / 2);
    if (between(schedule, middle * secondMs, to, limit + 1).length > limit) tooEarly = middle;
    else lateEnough = middle;
  }
  return between(schedule, lateEnough * secondMs, to, limit);
}

/** The last planned time before `before`, searched for over nine years (29 February may be eight years away). */
export function previous(schedule: Schedule, before: number): number | undefined {
  const nineYearsMs = 9 * 366 * 86_400_000;
  return newest(schedule, before - nineYearsMs, Math.ceil(before / secondMs) * secondMs - secondMs, 1)[0];
}
