/** A time zone as a function from instants to offsets. All times are milliseconds since the epoch. */
export interface Zone {
  /** The IANA name, as given. */
  readonly name: string;
  /** What is added to the instant to read its wall clock as if it were UTC; whole seconds. */
  offsetAt(instant: number): number;
  /** The first instant in (from, until] whose offset differs from that of `from`. Both are whole seconds. */
  changeWithin(from: number, until: number): number | undefined;
}

const dayMs = 86_400_000;

/** The zone of an IANA name, or undefined when there is none; offsets like `+02:00` are no names. */
export function zoneOf(name: string): Zone | undefined {
  if (!/^[A-Za-z]/.test(name)) return undefined;
  if (/^(etc\/)?(utc|gmt)$/i.test(name)) return { name, offsetAt: () => 0, changeWithin: () => undefined };
  let format: Intl.DateTimeFormat;
  try {
    format = new Intl.DateTimeFormat("en-US", {
      timeZone: name,
      calendar: "gregory",
      numberingSystem: "latn",
      hourCycle: "h23",
      year: "numeric",
      month: "numeric",
      day: "numeric",
      hour: "numeric",
      minute: "numeric",
      second: "numeric",
    });
  } catch {
    return undefined;
  }
  const offsetAt = (instant: number): number => wallOf(format, instant) - Math.floor(instant / 1000) * 1000;
  return { name, offsetAt, changeWithin: (from, until) => changeWithin(offsetAt, from, until) };
}

function wallOf(format: Intl.DateTimeFormat, instant: number): number {
  const read: Record<string, number> = {};
  for (const part of format.formatToParts(instant)) read[part.type] = Number(part.value);
  const { year = 0, month = 1, day = 1, hour = 0, minute = 0, second = 0 } = read;
  return Date.UTC(year, month - 1, day, hour, minute, second);
}

/** Looks once a day: no zone changes its offset and takes that back on the same day. */
function changeWithin(offsetAt: (instant: number) => number, from: number, until: number): number | undefined {
  const offset = offsetAt(from);
  for (let low = from; low < until; low += dayMs) {
    const high = Math.min(low + dayMs, until);
    if (offsetAt(high) !== offset) return firstOtherSecond(offsetAt, offset, low, high);
  }
  return undefined;
}

function firstOtherSecond(offsetAt: (instant: number) => number, offset: number, low: number, high: number): number {
  let same = low / 1000;
  let other = high / 1000;
  while (other - same > 1) {
    const middle = Math.floor((same + other) / 2);
    if (offsetAt(middle * 1000) === offset) same = middle;
    else other = middle;
  }
  return other * 1000;
}
