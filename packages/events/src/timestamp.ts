const daysOfMonth = [31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31] as const;

/** Two decimal digits as a number; NaN when they are none. */
function twoDigits(text: string, at: number): number {
  const tens = text.charCodeAt(at) - 0x30;
  const ones = text.charCodeAt(at + 1) - 0x30;
  return tens >= 0 && tens <= 9 && ones >= 0 && ones <= 9 ? tens * 10 + ones : Number.NaN;
}

function isDate(text: string): boolean {
  const year = twoDigits(text, 0) * 100 + twoDigits(text, 2);
  const month = twoDigits(text, 5);
  const day = twoDigits(text, 8);
  if (!(year >= 0 && month >= 1 && month <= 12 && day >= 1 && day <= daysOfMonth[month - 1]!)) return false;
  return month !== 2 || day < 29 || (year % 4 === 0 && (year % 100 !== 0 || year % 400 === 0));
}

/** `Z`, or an offset of hours and minutes, which ends the text. */
function isOffset(text: string, at: number): boolean {
  const sign = text[at];
  if (sign === "Z" || sign === "z") return at + 1 === text.length;
  if ((sign !== "+" && sign !== "-") || text.length !== at + 6 || text[at + 3] !== ":") return false;
  return twoDigits(text, at + 1) <= 23 && twoDigits(text, at + 4) <= 59;
}

/**
 * True for a date-time of RFC 3339 section 5.6: any number of fraction digits, any offset, second 60 for leap seconds.
 * The `T` is required; the space that RFC 3339 tolerates "for readability" is not.
 */
export function isTimestamp(text: string): boolean {
  if (text.length < 20 || text[4] !== "-" || text[7] !== "-" || text[13] !== ":" || text[16] !== ":") return false;
  if ((text[10] !== "T" && text[10] !== "t") || !isDate(text)) return false;
  if (!(twoDigits(text, 11) <= 23 && twoDigits(text, 14) <= 59 && twoDigits(text, 17) <= 60)) return false;
  let at = 19;
  if (text[at] === ".") {
    const first = ++at;
    while (at < text.length && text.charCodeAt(at) >= 0x30 && text.charCodeAt(at) <= 0x39) at++;
    if (at === first) return false;
  }
  return isOffset(text, at);
}
