/** The words of a command, or why it cannot be run without a shell. */
export type CommandLine =
  | { readonly kind: "words"; readonly words: readonly string[] }
  | { readonly kind: "invalid"; readonly expected: string; readonly hint: string | undefined };

const shellHint = `for a pipe, a variable or a redirection call a shell: sh -c "…"`;

/**
 * Splits a command line into program and arguments, as a shell would, and nothing more: quotes and backslashes are
 * understood, and what only a shell can do (pipes, variables, redirections) is refused rather than passed on as text.
 */
export function splitCommandLine(text: string): CommandLine {
  const words: string[] = [];
  let word: string | undefined;
  let quote: string | undefined;
  for (let at = 0; at < text.length; at++) {
    const letter = text[at]!;
    const next = text[at + 1];
    if (letter === "\0") return { kind: "invalid", expected: "a command without NUL characters", hint: undefined };
    if (quote === "'") {
      if (letter === "'") quote = undefined;
      else word += letter;
    } else if (
      letter === "\\" &&
      next !== undefined &&
      (quote === undefined || next === '"' || next === "\\" || next === "$")
    ) {
      word = (word ?? "") + next;
      at += 1;
    } else if (letter === "$" || letter === "`" || (quote === undefined && /[|&;<>\n]/.test(letter))) {
      return { kind: "invalid", expected: "a program and its arguments, run without a shell", hint: shellHint };
    } else if (letter === quote) {
      quote = undefined;
    } else if (quote === undefined && (letter === '"' || letter === "'")) {
      quote = letter;
      word ??= "";
    } else if (quote === undefined && /\s/.test(letter)) {
      if (word !== undefined) words.push(word);
      word = undefined;
    } else {
      word = (word ?? "") + letter;
    }
  }
  if (quote !== undefined) return { kind: "invalid", expected: `a closing ${quote}`, hint: undefined };
  if (word !== undefined) words.push(word);
  if (words.length === 0 || words[0] === "") return { kind: "invalid", expected: "a program to run", hint: undefined };
  return { kind: "words", words };
}
