/** An event that is expected. Times are monotonic milliseconds. */
export interface Expectation {
  readonly at: number;
  /** How long before it an instance is started. */
  readonly leadMs: number;
  /** A start was begun for it, or it was passed over. */
  readonly met: boolean;
}

/** The most that are remembered; the farthest are forgotten. */
const expectationsMax = 16;
/** A frozen instance goes on so long before the event. */
export const thawLeadMs = 20;

/** The expectations with one more, the soonest first; what has passed is not expected. */
export function withExpectation(
  all: readonly Expectation[],
  at: number,
  leadMs: number,
  now: number,
): readonly Expectation[] {
  if (at < now) return all;
  const known = all.find((it) => it.at === at);
  const one = known ? { ...known, leadMs: Math.max(leadMs, known.leadMs) } : { at, leadMs, met: false };
  return [...all.filter((it) => it.at !== at), one].sort((a, b) => a.at - b.at).slice(0, expectationsMax);
}

/** Without those that hold nothing any more. */
export function withoutPassed(all: readonly Expectation[], idleMs: number, now: number): readonly Expectation[] {
  return all.every((it) => it.at + idleMs > now) ? all : all.filter((it) => it.at + idleMs > now);
}

/** An instance should be there, or on its way. */
export function isDue(it: Expectation, now: number): boolean {
  return it.at - it.leadMs <= now && now <= it.at;
}

/** A frozen instance should go on. */
export function isNear(it: Expectation, now: number): boolean {
  return it.at - thawLeadMs <= now && now <= it.at;
}

/** One that is there anyway is kept: starting it again would be soon. */
export function isKept(it: Expectation, idleMs: number, now: number): boolean {
  return it.at - Math.max(idleMs, it.leadMs) <= now && now < it.at + idleMs;
}
