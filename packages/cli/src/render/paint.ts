const codes = { bold: 1, dim: 2, red: 31, green: 32, yellow: 33, blue: 34, magenta: 35, cyan: 36 } as const;

/** How a piece of text may be set off. */
export type Tone = keyof typeof codes;

/** Sets a text off, or leaves it as it is. */
export type Paint = (tone: Tone, text: string) => string;

/** Colours with escape sequences. */
export const colored: Paint = (tone, text) => (text === "" ? "" : `\u001b[${codes[tone]}m${text}\u001b[0m`);

/** Leaves everything as it is. */
export const plain: Paint = (_tone, text) => text;

const control = /[\p{Cc}\u2028\u2029\u202a-\u202e\u2066-\u2069]/gu;

/** A text from outside without what would move the cursor, colour the rest, or turn its direction round. */
export function printable(text: string): string {
  return text.replace(control, (found) => {
    const known: Readonly<Record<string, string>> = { "\n": "\\n", "\r": "\\r", "\t": "\\t" };
    return known[found] ?? `\\u${found.codePointAt(0)!.toString(16).padStart(4, "0")}`;
  });
}

/** The first line of a text that may go on with what a process printed. */
export function firstLine(text: string): string {
  const end = text.search(/[\r\n]/);
  // What announces the following lines goes with them.
  return end < 0 ? text : text.slice(0, end).replace(/(; \w+)?:$/, "");
}
