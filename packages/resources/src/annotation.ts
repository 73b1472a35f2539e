import { splitCommandLine } from "./command-line.ts";
import { formatDuration, parseDuration, parseGoDuration } from "./duration.ts";
import { didYouMean } from "./nearest.ts";
import { quantityOf } from "./quantity.ts";

/** A value read from an annotation's text, or what was expected instead. */
export type AnnotationRead<T> =
  | { readonly kind: "value"; readonly value: T }
  | { readonly kind: "invalid"; readonly expected: string; readonly hint?: string | undefined };

/** How the text of an annotation becomes a value. */
export type AnnotationParser<T> = (text: string) => AnnotationRead<T>;

/** Any text that is not blank. */
export const textValue: AnnotationParser<string> = (text) =>
  text.trim() === "" || text.includes("\0")
    ? { kind: "invalid", expected: "a text that is not empty" }
    : { kind: "value", value: text };

/** A command line, as words. */
export const commandValue: AnnotationParser<readonly string[]> = (text) => {
  const line = splitCommandLine(text);
  return line.kind === "words" ? { kind: "value", value: line.words } : line;
};

/** An ISO 8601 duration of at least `leastMs`, in milliseconds. */
export function durationValue(leastMs = 0): AnnotationParser<number> {
  return (text) => {
    const read = parseDuration(text);
    if (read.kind === "invalid") return read;
    if (read.ms < leastMs) return { kind: "invalid", expected: `a duration of at least ${formatDuration(leastMs)}` };
    return { kind: "value", value: read.ms };
  };
}

/** As {@link durationValue}, or `never`, which is undefined. */
export function durationOrNeverValue(leastMs: number): AnnotationParser<number | undefined> {
  const duration = durationValue(leastMs);
  return (text) => {
    if (text === "never") return { kind: "value", value: undefined };
    const read = duration(text);
    return read.kind === "value" ? read : { ...read, expected: `${read.expected}, or never` };
  };
}

/** A Go duration (`1m5s`), in milliseconds. */
export const goDurationValue: AnnotationParser<number> = (text) => {
  const ms = parseGoDuration(text);
  return ms === undefined ? { kind: "invalid", expected: "a duration such as 1m5s" } : { kind: "value", value: ms };
};

/** A Go duration of whole seconds between two bounds, in milliseconds. */
export function goSecondsValue(leastMs: number, mostMs: number): AnnotationParser<number> {
  const [least, most] = [leastMs, mostMs].map((ms) => (ms === 3_600_000 ? "1h" : `${ms / 1_000}s`));
  return (text) => {
    const ms = parseGoDuration(text);
    return ms !== undefined && ms >= leastMs && ms <= mostMs && ms % 1_000 === 0
      ? { kind: "value", value: ms }
      : { kind: "invalid", expected: `a duration of whole seconds such as 1m30s, from ${least} to ${most}` };
  };
}

/** A number from `least` to `most`, which may have a fraction. */
export function numberValue(least: number, most: number): AnnotationParser<number> {
  return (text) => {
    const value = /^\d+(\.\d+)?$/.test(text) ? Number(text) : Number.NaN;
    return value >= least && value <= most
      ? { kind: "value", value }
      : { kind: "invalid", expected: `a number from ${least} to ${most}` };
  };
}

/** A whole number from `least` to `most`. */
export function integerValue(least: number, most = Number.MAX_SAFE_INTEGER): AnnotationParser<number> {
  const range = most === Number.MAX_SAFE_INTEGER ? `of at least ${least}` : `from ${least} to ${most}`;
  return (text) => {
    const value = /^\d+$/.test(text) ? Number(text) : Number.NaN;
    return value >= least && value <= most
      ? { kind: "value", value }
      : { kind: "invalid", expected: `a whole number ${range}` };
  };
}

/** A number greater than zero. */
export const positiveValue: AnnotationParser<number> = (text) => {
  const value = /^\d+(\.\d+)?$/.test(text) ? Number(text) : 0;
  return value > 0 && Number.isFinite(value)
    ? { kind: "value", value }
    : { kind: "invalid", expected: "a number greater than 0" };
};

/** A Kubernetes quantity of bytes (`512Mi`, `1G`, `1048576`), at least `least`. */
export function bytesValue(least: number): AnnotationParser<number> {
  return (text) => {
    const bytes = Math.floor(quantityOf(text) ?? Number.NaN);
    if (Number.isSafeInteger(bytes) && bytes >= least) return { kind: "value", value: bytes };
    return { kind: "invalid", expected: `a number of bytes such as 512Mi or 1Gi, at least ${least}` };
  };
}

/** One of a few words. */
export function wordValue<W extends string>(...words: readonly W[]): AnnotationParser<W> {
  return (text) => {
    const value = words.find((word) => word === text);
    if (value !== undefined) return { kind: "value", value };
    return { kind: "invalid", expected: `one of ${words.join(", ")}`, hint: didYouMean(text, words) };
  };
}

/** Two words that stand for true and false. */
export function flagValue(yes: string, no: string): AnnotationParser<boolean> {
  const words = wordValue(yes, no);
  return (text) => {
    const read = words(text);
    if (read.kind === "value") return { kind: "value", value: read.value === yes };
    const quoted = `write "${yes}" or "${no}", in quotes: YAML reads it as something else without them`;
    return { ...read, hint: quoted };
  };
}
