import { illegal, illegalCharacter, legalBytes } from "./characters.ts";
import { EventFault, quoted } from "./errors.ts";
import type { AttributeValue } from "./event.ts";
import { parseMediaType } from "./media-type.ts";
import { isTimestamp } from "./timestamp.ts";

/**
 * True for a name that an attribute may have: lower-case ASCII letters and digits, at least one, and not `data`
 * (CloudEvents 1.0, naming conventions). Names longer than the recommended 20 characters are allowed.
 */
export function isAttributeName(name: string): boolean {
  const length = name.length;
  for (let at = 0; at < length; at++) {
    const unit = name.charCodeAt(at);
    if (!((unit >= 0x61 && unit <= 0x7a) || (unit >= 0x30 && unit <= 0x39))) return false;
  }
  return length > 0 && name !== "data";
}

/** The canonical string of a value, as it stands in headers and as filters compare it: `true`, `-5`, the text itself. */
export function attributeText(value: AttributeValue): string {
  return typeof value === "string" ? value : String(value);
}

/** Throws EVENT_ATTRIBUTE_INVALID unless {@link isAttributeName}. */
export function checkAttributeName(name: string): void {
  if (!isAttributeName(name)) throw nameFault(name);
}

/**
 * Holds the value of an attribute, whose name is valid, against CloudEvents 1.0 and returns the size of both in UTF-8
 * bytes. The value may be anything: it may come from a JSON document. Throws EventFault.
 */
export function checkAttributeValue(name: string, value: unknown): number {
  if (typeof value !== "string") return checkTyped(name, value);
  const bytes = legalBytes(value);
  if (bytes === illegal) {
    throw new EventFault(
      "EVENT_ATTRIBUTE_INVALID",
      `attribute "${name}" must not hold the character ${illegalCharacter(value)}`,
      { hint: "control characters, noncharacters and unpaired surrogates are not allowed in attributes" },
    );
  }
  const expected = expectation(name, value);
  if (expected !== undefined) throw expectedFault(name, expected, value);
  return name.length + bytes;
}

/** What is expected of a standard attribute when the value is not that; undefined when the value is in order. */
function expectation(name: string, value: string): string | undefined {
  switch (name) {
    case "specversion":
      if (value === "1.0") return undefined;
      throw new EventFault(
        "EVENT_SPECVERSION_UNSUPPORTED",
        `specversion ${quoted(value)} is not supported; expected "1.0"`,
        { hint: "send the event in the form of CloudEvents 1.0" },
      );
    case "id":
    case "type":
    case "subject":
      return value === "" ? "a non-empty string" : undefined;
    case "source":
      return value === "" || value.includes(" ") ? "a non-empty URI reference without spaces" : undefined;
    case "dataschema":
      return isAbsoluteUri(value) ? undefined : "a URI with a scheme and without spaces";
    case "time":
      return isTimestamp(value) ? undefined : "an RFC 3339 timestamp such as 2026-01-31T12:00:00Z";
    case "datacontenttype":
      return parseMediaType(value) ? undefined : "a media type such as application/json";
    default:
      return undefined;
  }
}

const standardNames = new Set([
  ...["specversion", "id", "source", "type"],
  ...["subject", "time", "datacontenttype", "dataschema"],
]);

function checkTyped(name: string, value: unknown): number {
  if (standardNames.has(name)) throw expectedFault(name, "a string", value);
  if (typeof value === "boolean") return name.length + (value ? 4 : 5);
  if (typeof value !== "number") throw expectedFault(name, "a string, a boolean or a whole number", value);
  if ((value | 0) !== value) throw expectedFault(name, "a whole number from -2147483648 to 2147483647", value);
  return name.length + String(value).length;
}

function isAbsoluteUri(text: string): boolean {
  return /^[a-z][a-z0-9+.-]*:[^ ]*$/i.test(text);
}

function expectedFault(name: string, expected: string, value: unknown): EventFault {
  const shown = typeof value === "string" ? quoted(value) : typeof value === "object" ? kindOf(value) : String(value);
  return new EventFault("EVENT_ATTRIBUTE_INVALID", `attribute "${name}" must be ${expected}, not ${shown}`);
}

function kindOf(value: object | null): string {
  if (value === null) return "null";
  return Array.isArray(value) ? "an array" : "an object";
}

function nameFault(name: string): EventFault {
  if (name === "data") {
    return new EventFault("EVENT_ATTRIBUTE_INVALID", 'attribute "data" is not allowed: the name is reserved');
  }
  return new EventFault("EVENT_ATTRIBUTE_INVALID", `attribute ${quoted(name)} must be lower-case letters and digits`, {
    hint: "rename the attribute; CloudEvents allows only a-z and 0-9 in attribute names",
  });
}
