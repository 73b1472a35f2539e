/** How the bench is run. */
export interface BenchOptions {
  /** One JSON object a line in place of the table. */
  readonly json: boolean;
  /** Only cases with a figure whose name contains this. */
  readonly only: string | undefined;
  /** How often each figure is taken; the median counts. */
  readonly runs: number;
  /** Shorter windows and fewer runs: says whether it works, not how fast it is. */
  readonly quick: boolean;
  /** Load before the first window, milliseconds. */
  readonly warmMs: number;
  /** Load of one window, milliseconds. */
  readonly windowMs: number;
}

export const usage = `npm run bench -- [--only PATTERN] [--runs N] [--quick] [--json]

  --only PATTERN  cases with a figure whose name contains PATTERN
  --runs N        figures per case, default 5 (2 with --quick)
  --quick         short windows: shows that it works, not how fast it is
  --json          one object a line: {name, median, unit, runs, machine}`;

/** Reads the command line; a string says what is wrong with it. */
export function readOptions(args: readonly string[]): BenchOptions | string {
  let json = false;
  let quick = false;
  let only: string | undefined;
  let runs: number | undefined;
  for (let at = 0; at < args.length; at++) {
    const arg = args[at]!;
    if (arg === "--json") json = true;
    else if (arg === "--quick") quick = true;
    else if (arg === "--only" || arg === "--runs") {
      const value = args[++at];
      if (value === undefined) return `${arg} needs a value`;
      if (arg === "--only") only = value;
      else runs = Number(value);
    } else return `unknown argument ${arg}`;
  }
  if (runs !== undefined && !(Number.isInteger(runs) && runs >= 1 && runs <= 100)) {
    return "--runs needs a whole number from 1 to 100";
  }
  return {
    json,
    only,
    quick,
    runs: runs ?? (quick ? 2 : 5),
    warmMs: quick ? 1_000 : 3_000,
    windowMs: quick ? 1_500 : 4_000,
  };
}
