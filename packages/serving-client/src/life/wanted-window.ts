/** A number of instances that was wanted, and when that was so last. */
export interface Peak {
  readonly wanted: number;
  readonly until: number;
}

/**
 * The numbers that were wanted, of which each is lower and later than the one before it; one instance is nothing to remember.
 * As long as there are instances at most, whatever the load.
 */
export function withWanted(
  peaks: readonly Peak[],
  before: { readonly wanted: number; readonly at: number },
  wanted: number,
): readonly Peak[] {
  if (wanted === before.wanted) return peaks;
  if (wanted > before.wanted) return peaks.length === 0 ? peaks : peaks.filter((it) => it.wanted > wanted);
  if (before.wanted <= 1) return peaks;
  const higher = peaks.filter((it) => it.wanted > before.wanted);
  return [...higher, { wanted: before.wanted, until: before.at }];
}

/** Without those that are older than the window. */
export function withoutOld(peaks: readonly Peak[], windowMs: number, now: number): readonly Peak[] {
  const first = peaks[0];
  return first === undefined || first.until + windowMs > now ? peaks : peaks.filter((it) => it.until + windowMs > now);
}
