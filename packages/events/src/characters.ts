/** Returned by {@link legalBytes} for a string that holds a character no attribute may hold. */
export const illegal = -1;

const notPrintableAscii = /[^ -~]/;

/**
 * The length of a CloudEvents String in UTF-8 bytes, or {@link illegal} when it holds a control character, a
 * noncharacter or half of a surrogate pair (CloudEvents 1.0, type system, String).
 */
export function legalBytes(text: string): number {
  const length = text.length;
  // Nearly every attribute is plain ASCII, and for that the expression is twice as fast as the loop.
  if (!notPrintableAscii.test(text)) return length;
  let bytes = length;
  for (let at = 0; at < length; at++) {
    const unit = text.charCodeAt(at);
    if (unit >= 0x20 && unit < 0x7f) continue;
    if (unit < 0xa0) return illegal;
    if (unit < 0x800) bytes += 1;
    else if (unit < 0xd800 || unit > 0xdfff) {
      if (unit >= 0xfffe || (unit >= 0xfdd0 && unit <= 0xfdef)) return illegal;
      bytes += 2;
    } else {
      const low = at + 1 < length ? text.charCodeAt(at + 1) : 0;
      if (unit > 0xdbff || low < 0xdc00 || low > 0xdfff) return illegal;
      // The last two code points of every plane are noncharacters.
      if ((low & 0x3ff) >= 0x3fe && (unit & 0x3f) === 0x3f) return illegal;
      bytes += 2;
      at++;
    }
  }
  return bytes;
}

/** The first character that {@link legalBytes} objects to, as `U+XXXX`; for messages only. */
export function illegalCharacter(text: string): string {
  for (const character of text) {
    if (legalBytes(character) === illegal) {
      const point = character.codePointAt(0) as number;
      return `U+${point.toString(16).toUpperCase().padStart(4, "0")}`;
    }
  }
  return "none";
}
