/** A duration in milliseconds, or why the text is none. */
export type DurationRead =
  | { readonly kind: "duration"; readonly ms: number }
  | { readonly kind: "invalid"; readonly expected: string; readonly hint: string | undefined };

const number = "(\\d+(?:[.,]\\d+)?)";
const iso = new RegExp(`^P(?:${number}W)?(?:${number}D)?(?:T(?:${number}H)?(?:${number}M)?(?:${number}S)?)?$`);
const calendar = /^-?P(?:\d+(?:[.,]\d+)?[YMWD])*$|^-?P[^T]*[YM][^T]*T/;
const go = /^(?:(\d+(?:\.\d+)?)h)?(?:(\d+(?:\.\d+)?)m)?(?:(\d+(?:\.\d+)?)s)?(?:(\d+(?:\.\d+)?)ms)?$/;
const isoUnitsMs = [604_800_000, 86_400_000, 3_600_000, 60_000, 1_000];
const goUnitsMs = [3_600_000, 60_000, 1_000, 1];
const expected = "an ISO 8601 duration such as PT0.2S, PT10M or P7D";

/**
 * Reads an ISO 8601 duration of weeks, days, hours, minutes and seconds, rounded to whole milliseconds. The last number
 * may have a fraction. Years and months are refused (their length depends on the date), and so are signs.
 */
export function parseDuration(text: string): DurationRead {
  const match = iso.exec(text);
  const numbers = match?.slice(1).map((part) => part?.replace(",", "."));
  const given = numbers?.filter((part) => part !== undefined) ?? [];
  if (given.length === 0 || text.endsWith("T") || given.slice(0, -1).some((part) => part.includes("."))) {
    return { kind: "invalid", expected, hint: hintFor(text) };
  }
  const ms = Math.round(sum(numbers!, isoUnitsMs));
  if (!Number.isSafeInteger(ms))
    return { kind: "invalid", expected: "a duration of less than 285,000 years", hint: undefined };
  return { kind: "duration", ms };
}

/** Milliseconds of a Go duration such as `1m5s` or `500ms`, which some Knative annotations use; undefined otherwise. */
export function parseGoDuration(text: string): number | undefined {
  const match = go.exec(text);
  if (!match || (text !== "0" && text === "")) return text === "0" ? 0 : undefined;
  return Math.round(sum(match.slice(1), goUnitsMs));
}

/** Milliseconds (whole, not negative) as an ISO 8601 duration: `PT0.2S`, `PT1H30M`, `P7D`. */
export function formatDuration(ms: number): string {
  if (ms === 0) return "PT0S";
  const days = Math.floor(ms / 86_400_000);
  const hours = Math.floor(ms / 3_600_000) % 24;
  const minutes = Math.floor(ms / 60_000) % 60;
  const seconds = (ms % 60_000) / 1_000;
  const time = `${hours ? `${hours}H` : ""}${minutes ? `${minutes}M` : ""}${seconds ? `${seconds}S` : ""}`;
  return `P${days ? `${days}D` : ""}${time ? `T${time}` : ""}`;
}

function sum(parts: readonly (string | undefined)[], units: readonly number[]): number {
  return parts.reduce((total, part, index) => total + Number(part ?? 0) * units[index]!, 0);
}

function hintFor(text: string): string | undefined {
  const ms = parseGoDuration(text);
  if (ms !== undefined && ms >= 0) return `write ${formatDuration(ms)}`;
  if (text.startsWith("-")) return "a duration cannot be negative";
  if (calendar.test(text) && /[YM]/.test(text.split("T")[0]!))
    return "years and months have no fixed length; write days, hours or minutes (PT1M is a minute)";
  if (iso.test(text.toUpperCase()) && text !== text.toUpperCase()) return `write ${text.toUpperCase()}`;
  return undefined;
}
