import type { AttributeValue } from "@rouse/events";
import type { KafkaKeyType } from "./record.ts";
import { textOrBase64 } from "./text.ts";

/**
 * The key of a record as the value of the attributes `key` and `partitionkey`; undefined without a key or with one of no
 * bytes, as in Knative.
 * - `int`: four bytes are a big-endian signed integer, which is exactly the Integer of CloudEvents.
 * - `float`: four or eight bytes are a big-endian floating point number; CloudEvents has no such type, so it becomes its
 *   shortest decimal text as Java writes it (`1.0`, `1.0E10`, `NaN`).
 * - `byte-array`: base64.
 * - `string`, and `int` and `float` of another length: the text, or base64 of what is no text.
 */
export function keyAttribute(key: Uint8Array | null, type: KafkaKeyType): AttributeValue | undefined {
  if (key === null || key.length === 0) return undefined;
  const bytes = Buffer.from(key.buffer, key.byteOffset, key.byteLength);
  switch (type) {
    case "string":
      return textOrBase64(bytes);
    case "int":
      return bytes.length === 4 ? bytes.readInt32BE() : textOrBase64(bytes);
    case "float":
      if (bytes.length === 4) return floatText(bytes.readFloatBE(), shortestSingle);
      if (bytes.length === 8) return floatText(bytes.readDoubleBE(), shortestDouble);
      return textOrBase64(bytes);
    case "byte-array":
      return bytes.toString("base64");
    default: {
      const unknown: never = type;
      return unknown;
    }
  }
}

function shortestDouble(value: number): string {
  return value.toExponential();
}

/** The fewest digits that still name this number among those of 32 bits. */
function shortestSingle(value: number): string {
  for (let digits = 0; digits < 8; digits++) {
    const text = value.toExponential(digits);
    if (Math.fround(Number(text)) === value) return text;
  }
  return value.toExponential(8);
}

/** A floating point number as Java writes it: at least one digit after the point, an exponent outside 10^-3 … 10^7. */
function floatText(value: number, shortest: (value: number) => string): string {
  if (!Number.isFinite(value)) return String(value);
  if (value === 0) return Object.is(value, -0) ? "-0.0" : "0.0";
  const sign = value < 0 ? "-" : "";
  const [mantissa = "0", power = "0"] = shortest(Math.abs(value)).split("e");
  const digits = mantissa.replace(".", "").replace(/0+$/, "") || "0";
  const exponent = Number(power);
  if (exponent < -3 || exponent >= 7) return `${sign}${digits[0]}.${digits.slice(1) || "0"}E${exponent}`;
  if (exponent < 0) return `${sign}0.${"0".repeat(-exponent - 1)}${digits}`;
  const whole = digits.slice(0, exponent + 1).padEnd(exponent + 1, "0");
  return `${sign}${whole}.${digits.slice(exponent + 1) || "0"}`;
}
