import fc from "fast-check";
import { expect, test } from "vitest";
import { LineSplitter, longestLine } from "./line-splitter.ts";

function linesOf(chunks: readonly Buffer[]): string[] {
  const lines: string[] = [];
  const splitter = new LineSplitter((line) => lines.push(line));
  for (const chunk of chunks) splitter.push(chunk);
  splitter.end();
  return lines;
}

test("line splitter: gives the same lines wherever the bytes are cut", () => {
  const text = "first\r\nzweite Zeile: äöü €\n\nlast without newline";
  const bytes = Buffer.from(text);
  fc.assert(
    fc.property(fc.array(fc.nat(bytes.length)), (cuts) => {
      const at = [0, ...cuts.sort((a, b) => a - b), bytes.length];
      const chunks = at.slice(1).map((end, n) => bytes.subarray(at[n], end));
      expect(linesOf(chunks)).toEqual(["first", "zweite Zeile: äöü €", "", "last without newline"]);
    }),
  );
});

test("line splitter: gives a line without end on in pieces and loses nothing of it", () => {
  const text = "x".repeat(3 * longestLine + 5);
  const lines = linesOf([Buffer.from(text), Buffer.from("\nnext\n")]);
  expect(lines.slice(0, -1).join("")).toBe(text);
  expect(Math.max(...lines.map((line) => line.length))).toBe(longestLine);
  expect(lines.at(-1)).toBe("next");
});
