/** What a fenced block of a document is for. */
export type BlockKind =
  /** ```sh run```: executed, and must exit with 0. */
  | "run"
  /** ```sh background```: started, and ended with SIGINT after the last block. */
  | "background"
  /** ```text output```: what people see; each line must appear, numbers aside. */
  | "output"
  /** A whole file, ```yaml file=NAME``` or the like: written where the blocks run. */
  | "file"
  /** Anything else: for reading. */
  | "shown";

/** A fenced block. */
export interface CodeBlock {
  readonly kind: BlockKind;
  readonly text: string;
  /** Of the opening fence. */
  readonly line: number;
  /** With `file`. */
  readonly name?: string;
}

/** The fenced blocks of a Markdown text, in order. */
export function codeBlocks(markdown: string): readonly CodeBlock[] {
  const blocks: CodeBlock[] = [];
  let open: { readonly info: string; readonly line: number; readonly text: string[] } | undefined;
  for (const [index, text] of markdown.split("\n").entries()) {
    if (open === undefined) {
      if (text.startsWith("```")) open = { info: text.slice(3).trim(), line: index + 1, text: [] };
    } else if (text === "```") {
      blocks.push(blockOf(open.info, open.text.join("\n"), open.line));
      open = undefined;
    } else open.text.push(text);
  }
  if (open !== undefined) throw new Error(`line ${open.line}: the block is never closed`);
  return blocks;
}

function blockOf(info: string, text: string, line: number): CodeBlock {
  const name = /^\w+ file=(\S+)$/.exec(info)?.[1];
  if (name !== undefined) return { kind: "file", text, line, name };
  if (info === "sh run") return { kind: "run", text, line };
  if (info === "sh background") return { kind: "background", text, line };
  return { kind: info === "text output" ? "output" : "shown", text, line };
}

/**
 * Patterns for the lines of an output block: numbers, times and ports may differ, any amount of space is as good as
 * another, `…` stands for anything, and a function may have been awake already.
 */
export function outputPatterns(text: string): readonly RegExp[] {
  return text
    .split("\n")
    .map((line) => line.trim())
    .filter((line) => line !== "" && line !== "…")
    .map(
      (line) =>
        new RegExp(
          line
            .split(/(cold, woken in [\d.]+ m?s|[\d.,:]*\d m?s\b|[\d.,:]*\d|…|\s+)/)
            .map(patternOf)
            .join(""),
        ),
    );
}

function patternOf(piece: string): string {
  if (piece.startsWith("cold, ")) return "(cold, woken in [\\d.]+ m?s|warm)";
  if (/^[\d.,:]*\d m?s$/.test(piece)) return "[\\d.]+ m?s";
  if (/^[\d.,:]*\d$/.test(piece)) return "[\\d.,:]*\\d";
  if (piece === "…") return ".*";
  return /^\s+$/.test(piece) ? "\\s+" : piece.replace(/[.*+?^${}()|[\]\\]/g, "\\$&");
}
