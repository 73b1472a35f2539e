import { Composer, type CST, type Document, Lexer, type LineCounter, Parser } from "yaml";
import { depthMax } from "./plain-data.ts";
import { type Problem, problem } from "./problem.ts";

/** The documents of a text, or the place where it passes a limit. */
export type YamlParsed =
  | { readonly kind: "parsed"; readonly documents: readonly Document.Parsed[] }
  | { readonly kind: "refused"; readonly offset: number; readonly problem: Problem };

// A duplicate key is looked for elsewhere: the parser compares every key of a mapping with every other.
const options = { version: "1.2", schema: "core", merge: false, uniqueKeys: false, prettyErrors: false } as const;

/**
 * Parses YAML within limits that hold before anything recursive runs: nesting is measured on the parser's own stack,
 * token by token, because a text nested 100,000 deep does not merely throw but can end the process.
 */
export function parseYaml(text: string, lines: LineCounter, documentsMax: number): YamlParsed {
  const parser = new Parser(lines.addNewLine);
  lines.addNewLine(0);
  const tokens: CST.Token[] = [];
  let documents = 0;
  const keep = (token: CST.Token) => {
    tokens.push(token);
    if (token.type === "document") documents += 1;
  };
  for (const lexeme of new Lexer().lex(text)) {
    for (const token of parser.next(lexeme)) keep(token);
    // Loose by a factor of two, as a level takes one entry or two; admission counts exactly.
    if (parser.stack.length > 2 * depthMax) return refused(parser.offset, `at most ${depthMax} levels of nesting`);
    if (documents > documentsMax) return refused(parser.offset, `at most ${documentsMax} documents`);
  }
  for (const token of parser.end()) keep(token);
  return { kind: "parsed", documents: [...new Composer(options).compose(tokens, false, text.length)] };
}

function refused(offset: number, expected: string): YamlParsed {
  const found = problem("FieldValueTooLong", "", { expected, got: "more", hint: "split the file" });
  return { kind: "refused", offset, problem: found };
}
