/** Why a text is no schedule, as a sentence, and what to write instead. */
export interface ScheduleProblem {
  readonly kind: "problem";
  readonly message: string;
  readonly hint: string;
}

/**
 * A cron expression with everything written out: seconds first, each field `*` or a list of numbers. A day field that
 * is `*` does not restrict; when neither is, a day matches by either of them.
 */
export interface CronExpression {
  readonly kind: "ok";
  readonly canonical: string;
}

interface Field {
  readonly label: string;
  readonly min: number;
  readonly max: number;
  readonly names?: readonly string[];
}

const months = ["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"] as const;
const weekdays = ["sun", "mon", "tue", "wed", "thu", "fri", "sat"] as const;
const fields: readonly Field[] = [
  { label: "second", min: 0, max: 59 },
  { label: "minute", min: 0, max: 59 },
  { label: "hour", min: 0, max: 23 },
  { label: "day-of-month", min: 1, max: 31 },
  { label: "month", min: 1, max: 12, names: months },
  { label: "day-of-week", min: 0, max: 6, names: weekdays },
];

const descriptors: Readonly<Record<string, string>> = {
  "@yearly": "0 0 0 1 1 *",
  "@annually": "0 0 0 1 1 *",
  "@monthly": "0 0 0 1 * *",
  "@weekly": "0 0 0 * * 0",
  "@daily": "0 0 0 * * *",
  "@midnight": "0 0 0 * * *",
  "@hourly": "0 0 * * * *",
};

/** Thrown inside this file alone, and turned into the answer at its border. */
class Refusal extends Error {
  readonly hint: string;
  constructor(message: string, hint: string) {
    super(message);
    this.hint = hint;
  }
}

/**
 * Reads an expression by the rules of robfig/cron v3: five fields, or six with leading seconds, or a descriptor.
 * Stricter in three places where robfig accepts what is surely a mistake: `+5`, an empty list item, and `*-5`.
 */
export function parseCronExpression(text: string): CronExpression | ScheduleProblem {
  try {
    return { kind: "ok", canonical: canonicalOf(text.trim()) };
  } catch (thrown) {
    if (!(thrown instanceof Refusal)) throw thrown;
    return { kind: "problem", message: thrown.message, hint: thrown.hint };
  }
}

function canonicalOf(text: string): string {
  if (/^(CRON_)?TZ=/i.test(text)) {
    throw new Refusal(
      `expected a schedule without a zone, got the prefix "${text.split(/\s/)[0]}"`,
      "put the zone into spec.timezone",
    );
  }
  if (text.startsWith("@")) return descriptorOf(text);
  const parts = text.split(/\s+/).filter((part) => part !== "");
  if (parts.length === 7) {
    throw new Refusal(
      "expected five or six fields, got seven",
      "a year field is not known; six fields are second minute hour day-of-month month day-of-week",
    );
  }
  if (parts.length !== 5 && parts.length !== 6) {
    throw new Refusal(
      `expected five or six fields, got ${parts.length}`,
      'write minute hour day-of-month month day-of-week, as in "0 9 * * 1-5"; seconds may come first',
    );
  }
  const six = parts.length === 5 ? ["0", ...parts] : parts;
  return fields.map((field, index) => fieldOf(six[index]!, field)).join(" ");
}

function descriptorOf(text: string): string {
  const known = Object.hasOwn(descriptors, text) ? descriptors[text] : undefined;
  if (known !== undefined) return known;
  if (text.startsWith("@every")) {
    throw new Refusal(
      `expected a schedule on the wall clock, got "${text}"`,
      'an interval has no planned times that replicas agree on; write it as a field with a step, as in "*/5 * * * *" (minutes) or "*/10 * * * * *" (seconds)',
    );
  }
  if (text === "@reboot") {
    throw new Refusal(
      'expected a schedule on the wall clock, got "@reboot"',
      "a start of the server is no planned time; send the event from what starts it",
    );
  }
  throw new Refusal(
    `expected a known descriptor, got "${text}"`,
    `use one of ${Object.keys(descriptors).join(" ")}, in lower case`,
  );
}

/** The field as `*` or as the sorted list of its values. */
function fieldOf(text: string, field: Field): string {
  const values = new Set<number>();
  let star = false;
  for (const item of text.split(",")) {
    if (item === "")
      throw new Refusal(`${field.label}: expected a value, got nothing`, `remove the extra comma of "${text}"`);
    const range = rangeOf(item, field);
    for (let value = range.start; value <= range.end; value += range.step) values.add(value);
    star ||= range.star;
  }
  return star ? "*" : [...values].sort((a, b) => a - b).join(",");
}

interface Range {
  readonly start: number;
  readonly end: number;
  readonly step: number;
  /** `*` or `?` without a step above one: the field does not restrict. */
  readonly star: boolean;
}

function rangeOf(item: string, field: Field): Range {
  const [span = "", stepText, ...more] = item.split("/");
  if (more.length > 0)
    throw new Refusal(`${field.label}: expected one "/", got "${item}"`, "write range/step, as in 0-30/5");
  const step = stepText === undefined ? 1 : stepOf(stepText, item, field);
  if (span === "*" || span === "?") return { start: field.min, end: field.max, step, star: step === 1 };
  const [low = "", high, ...rest] = span.split("-");
  if (rest.length > 0) {
    throw new Refusal(`${field.label}: expected a range of two values, got "${item}"`, "write low-high, as in 1-5");
  }
  const start = valueFrom(low, item, field);
  // "5/15" is short for "5-59/15".
  const end = high !== undefined ? valueFrom(high, item, field) : stepText !== undefined ? field.max : start;
  if (start > end) {
    throw new Refusal(
      `${field.label}: expected a range that goes up, got "${item}"`,
      `ranges do not wrap; write two of them, as in ${start}-${field.max},${field.min}-${end}`,
    );
  }
  return { start, end, step, star: false };
}

function stepOf(text: string, item: string, field: Field): number {
  if (/^\d{1,6}$/.test(text) && Number(text) > 0) return Number(text);
  throw new Refusal(`${field.label}: expected a step of at least 1, got "${item}"`, "write a whole number after the /");
}

function valueFrom(text: string, item: string, field: Field): number {
  const named = field.names?.indexOf(text.toLowerCase()) ?? -1;
  if (named >= 0) return named + field.min;
  if (/^\d{1,6}$/.test(text)) {
    const value = Number(text);
    if (value >= field.min && value <= field.max) return value;
    const sunday = field.label === "day-of-week" && value === 7;
    throw new Refusal(
      `${field.label}: expected a value from ${field.min} to ${field.max}, got ${value}`,
      sunday ? "Sunday is 0 (or SUN)" : `use ${field.min} to ${field.max}`,
    );
  }
  throw new Refusal(
    `${field.label}: expected a number${field.names ? " or a name" : ""}, got "${item}"`,
    hintFor(text, field),
  );
}

function hintFor(text: string, field: Field): string {
  if (/^\d*[lw]+$|#/i.test(text)) {
    return "L, W and # are not known; let the schedule fire on every candidate day and look at the date in the subscriber";
  }
  const names = field.names ? ` or ${field.names[0]?.toUpperCase()} to ${field.names.at(-1)?.toUpperCase()}` : "";
  return `use ${field.min} to ${field.max}${names}, lists (1,2), ranges (1-5) and steps (*/5)`;
}
