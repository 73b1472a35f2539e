import { expect, test } from "vitest";
import { codeBlocks, outputPatterns } from "./code-blocks.ts";

test("code blocks: kind and name come from the fence's first line", () => {
  const text =
    "a\n```sh run\nls\n```\n```sh\nrm\n```\n```sh background\nserve\n```\n```yaml file=a.yaml\nb: 1\nc: 2\n```\n";
  expect(codeBlocks(text)).toEqual([
    { kind: "run", text: "ls", line: 2 },
    { kind: "shown", text: "rm", line: 5 },
    { kind: "background", text: "serve", line: 8 },
    { kind: "file", text: "b: 1\nc: 2", line: 11, name: "a.yaml" },
  ]);
});

test("code blocks: one that is never closed is refused", () => {
  expect(() => codeBlocks("```sh run\nls\n")).toThrow("line 1: the block is never closed");
});

test("shown output: numbers, times and spaces may differ, words may not", () => {
  const [pattern] = outputPatterns("delivered hello  204  cold, woken in 48 ms  answered in 12 ms");
  expect("02:11:00.123  default/default/7  delivered hello   204  warm  answered in 1.2 s").toMatch(pattern!);
  expect("delivered other  204  warm  answered in 3 ms").not.toMatch(pattern!);
  expect("retry hello  503  warm  answered in 3 ms").not.toMatch(pattern!);
});

test("shown output: an ellipsis stands for anything, alone on a line for nothing", () => {
  const patterns = outputPatterns("a (…) b.c\n…\n");
  expect(patterns).toHaveLength(1);
  expect("a (x y) b.c").toMatch(patterns[0]!);
  expect("a (x) bXc").not.toMatch(patterns[0]!);
});
