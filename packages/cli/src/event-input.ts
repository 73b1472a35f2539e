import { type CloudEvent, createEvent } from "@rouse/events";
import { CliFault, usage } from "./errors.ts";

/** What the flags of `rouse send` say of an event. */
export interface EventInput {
  readonly id: string;
  readonly source: string;
  readonly type: string;
  readonly subject?: string;
  readonly contentType?: string;
  /** `path=value`; the value is read as JSON where it is a number, true, false or null. */
  readonly fields: readonly string[];
  /** `path=value`; the value is a string. */
  readonly rawFields: readonly string[];
  /** `name=value`. */
  readonly extensions: readonly string[];
  readonly data?: Uint8Array;
}

/** Makes the event. @throws CliFault for what cannot be read, or is no valid CloudEvent. */
export function buildEvent(input: EventInput): CloudEvent {
  const { id, source, type, subject, contentType } = input;
  const fields = input.fields.length + input.rawFields.length > 0 ? fieldData(input) : undefined;
  if (fields !== undefined && input.data !== undefined) {
    throw usage("--data and --field exclude each other", "give the data in one of the two ways");
  }
  const data = fields === undefined ? input.data : new TextEncoder().encode(JSON.stringify(fields));
  const mediaType = contentType ?? (data === undefined ? undefined : guessedType(data));
  const extensions = Object.fromEntries(input.extensions.map((text) => pairOf(text, "--extension", "name=value")));
  const attributes = {
    ...extensions,
    id,
    source,
    type,
    ...(subject === undefined ? {} : { subject }),
    ...(mediaType === undefined ? {} : { datacontenttype: mediaType }),
  };
  try {
    return createEvent(attributes, data);
  } catch (thrown) {
    const { message, hint } = thrown as Error & { hint?: string };
    throw new CliFault("CLI_USAGE", message, { ...(hint === undefined ? {} : { hint }), cause: thrown });
  }
}

function guessedType(data: Uint8Array): string {
  try {
    JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(data));
    return "application/json";
  } catch {
    return "text/plain";
  }
}

type Tree = Map<string, Tree | string | number | boolean | null>;

function fieldData({ fields, rawFields }: EventInput): unknown {
  const root: Tree = new Map();
  for (const text of fields) {
    const [path, value] = pairOf(text, "--field", "path=value");
    place(root, path, typed(value));
  }
  for (const text of rawFields) place(root, ...pairOf(text, "--raw-field", "path=value"));
  return plainOf(root);
}

function place(root: Tree, path: string, value: string | number | boolean | null): void {
  const names = path.split(".");
  if (names.some((name) => name === "")) throw usage(`expected a path such as order.id, got "${path}"`);
  let at = root;
  for (const name of names.slice(0, -1)) {
    const inner = at.get(name) ?? new Map();
    if (!(inner instanceof Map)) throw usage(`field "${path}" lies in "${name}", which is a value`);
    at.set(name, inner);
    at = inner;
  }
  const last = names.at(-1)!;
  if (at.get(last) instanceof Map) throw usage(`field "${path}" has fields of its own already`);
  at.set(last, value);
}

/** Objects that own every name, so that a field may be called `__proto__`. */
function plainOf(tree: Tree): object {
  return Object.fromEntries([...tree].map(([name, value]) => [name, value instanceof Map ? plainOf(value) : value]));
}

function typed(text: string): string | number | boolean | null {
  if (text === "true" || text === "false") return text === "true";
  if (text === "null") return null;
  // What would come out as another number (leading zeros, more digits than a double has) stays the text it was.
  const number = Number(text);
  return /^-?(0|[1-9]\d*)(\.\d+)?([eE][+-]?\d+)?$/.test(text) && isExact(text, number) ? number : text;
}

function isExact(text: string, number: number): boolean {
  return Number.isFinite(number) && (!/^-?\d+$/.test(text) || Number.isSafeInteger(number));
}

function pairOf(text: string, flag: string, expected: string): [string, string] {
  const at = text.indexOf("=");
  if (at < 1) throw usage(`${flag}: expected ${expected}, got "${text}"`);
  return [text.slice(0, at), text.slice(at + 1)];
}
