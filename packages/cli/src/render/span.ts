const units: readonly (readonly [string, number])[] = [
  ["y", 365 * 86_400_000],
  ["d", 86_400_000],
  ["h", 3_600_000],
  ["m", 60_000],
  ["s", 1_000],
];

/** An age as kubectl prints it: the largest unit that fits at least twice, so that `90s` and not `1m`. */
export function renderAge(ms: number): string {
  const past = Math.max(0, ms);
  const found = units.find(([, size]) => past >= 2 * size) ?? (["s", 1_000] as const);
  return `${Math.floor(past / found[1])}${found[0]}`;
}

/** A duration for reading: `0.4 ms`, `87 ms`, `1.2 s`, `3 min`. */
export function renderMs(ms: number): string {
  if (ms < 1) return `${Math.max(0, ms).toFixed(1)} ms`;
  if (ms < 1_000) return `${Math.round(ms)} ms`;
  if (ms < 120_000) return `${(ms / 1_000).toFixed(1)} s`;
  return `${Math.round(ms / 60_000)} min`;
}

/** Local time of day, `HH:MM:SS.mmm`. */
export function renderTime(at: number): string {
  const time = new Date(at);
  const two = (value: number) => String(value).padStart(2, "0");
  const milliseconds = String(time.getMilliseconds()).padStart(3, "0");
  return `${two(time.getHours())}:${two(time.getMinutes())}:${two(time.getSeconds())}.${milliseconds}`;
}
