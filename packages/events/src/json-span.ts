const quote = 0x22;
const backslash = 0x5c;
const comma = 0x2c;
const colon = 0x3a;
const openBrace = 0x7b;
const closeBrace = 0x7d;
const openBracket = 0x5b;
const closeBracket = 0x5d;

/** Strings shorter than this are walked through; for longer ones the native search pays. */
const nearBytes = 32;

/** Where the members of a JSON object lie in its bytes; positions are offsets, `end` exclusive. */
export interface ObjectSpan {
  readonly end: number;
  /** Members, counting every occurrence of a name that is repeated. */
  readonly members: number;
  /** The value of the first member `data`; -1 when there is none. */
  readonly dataStart: number;
  readonly dataEnd: number;
  /** The first member, other than `data`, whose value is a number with fraction or exponent. */
  readonly fractional: string | undefined;
}

/*
 * Everything here expects bytes that JSON.parse has accepted: it finds borders and checks nothing. Bytes instead of
 * text, because the borders of UTF-8 JSON are ASCII and the data can then be handed on without copying.
 */

/** Measures the object that begins at `start` (its opening brace). */
export function scanObject(bytes: Uint8Array, start: number): ObjectSpan {
  let members = 0;
  let dataStart = -1;
  let dataEnd = -1;
  let fractional: string | undefined;
  let at = skipSpace(bytes, start + 1);
  while (bytes[at] !== closeBrace) {
    const keyEnd = skipString(bytes, at);
    const valueStart = skipSpace(bytes, skipSpace(bytes, keyEnd) + 1);
    const valueEnd = skipValue(bytes, valueStart);
    members++;
    if (isData(bytes, at, keyEnd)) {
      if (dataStart < 0) {
        dataStart = valueStart;
        dataEnd = valueEnd;
      }
    } else if (fractional === undefined && isFractional(bytes, valueStart, valueEnd)) {
      fractional = textOf(bytes, at, keyEnd);
    }
    at = skipSpace(bytes, valueEnd);
    if (bytes[at] === comma) at = skipSpace(bytes, at + 1);
  }
  return { end: at + 1, members, dataStart, dataEnd, fractional };
}

/** The first name that the object at `start` has twice; undefined when there is none. */
export function repeatedName(bytes: Uint8Array, start: number): string | undefined {
  const seen = new Set<string>();
  let at = skipSpace(bytes, start + 1);
  while (bytes[at] !== closeBrace) {
    const keyEnd = skipString(bytes, at);
    const name = textOf(bytes, at, keyEnd);
    if (seen.has(name)) return name;
    seen.add(name);
    const valueEnd = skipValue(bytes, skipSpace(bytes, skipSpace(bytes, keyEnd) + 1));
    at = skipSpace(bytes, valueEnd);
    if (bytes[at] === comma) at = skipSpace(bytes, at + 1);
  }
  return undefined;
}

/** The next position that is not white space of JSON. */
export function skipSpace(bytes: Uint8Array, from: number): number {
  let at = from;
  while (at < bytes.length) {
    const byte = bytes[at]!;
    if (byte !== 0x20 && byte !== 0x0a && byte !== 0x0d && byte !== 0x09) break;
    at++;
  }
  return at;
}

/** The position after the value that begins at `from`. Deep nesting costs no stack. */
export function skipValue(bytes: Uint8Array, from: number): number {
  const first = bytes[from];
  if (first === quote) return skipString(bytes, from);
  if (first !== openBrace && first !== openBracket) return skipScalar(bytes, from);
  let depth = 0;
  let at = from;
  while (at < bytes.length) {
    const byte = bytes[at]!;
    if (byte === quote) {
      at = skipString(bytes, at);
      continue;
    }
    at++;
    // Digits, commas and letters, most of what stands outside strings, are done with after two comparisons.
    if (byte < openBracket || (byte > closeBracket && byte < openBrace)) continue;
    if (byte === openBrace || byte === openBracket) depth++;
    else if ((byte === closeBrace || byte === closeBracket) && --depth === 0) break;
  }
  return at;
}

function skipString(bytes: Uint8Array, from: number): number {
  const near = Math.min(from + nearBytes, bytes.length);
  for (let at = from + 1; at < near; at++) {
    const byte = bytes[at];
    if (byte === quote) return at + 1;
    if (byte === backslash) at++;
  }
  return skipLongString(bytes, from);
}

/** Jumps from quote to quote: a quote ends the string unless an odd number of backslashes stands before it. */
function skipLongString(bytes: Uint8Array, from: number): number {
  let at = from;
  for (;;) {
    at = bytes.indexOf(quote, at + 1);
    if (at < 0) return bytes.length;
    let first = at;
    while (bytes[first - 1] === backslash) first--;
    if ((at - first) % 2 === 0) return at + 1;
  }
}

function skipScalar(bytes: Uint8Array, from: number): number {
  let at = from;
  while (at < bytes.length) {
    const byte = bytes[at]!;
    if (byte <= 0x20 || byte === comma || byte === closeBrace || byte === closeBracket || byte === colon) break;
    at++;
  }
  return at;
}

function isData(bytes: Uint8Array, start: number, end: number): boolean {
  if (end - start === 6) {
    return (
      bytes[start + 1] === 0x64 && bytes[start + 2] === 0x61 && bytes[start + 3] === 0x74 && bytes[start + 4] === 0x61
    );
  }
  // Written with an escape, a name of four letters takes at least eleven bytes; that is rare, and worth the slow way.
  for (let at = start + 1; end - start >= 11 && at < end; at++) {
    if (bytes[at] === backslash) return textOf(bytes, start, end) === "data";
  }
  return false;
}

function isFractional(bytes: Uint8Array, start: number, end: number): boolean {
  const first = bytes[start]!;
  if (first !== 0x2d && (first < 0x30 || first > 0x39)) return false;
  for (let at = start; at < end; at++) {
    const byte = bytes[at]!;
    if (byte === 0x2e || byte === 0x65 || byte === 0x45) return true;
  }
  return false;
}

function textOf(bytes: Uint8Array, start: number, end: number): string {
  return JSON.parse(Buffer.from(bytes.buffer, bytes.byteOffset + start, end - start).toString("utf8"));
}
