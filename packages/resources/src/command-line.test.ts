import { expect, test } from "vitest";
import { splitCommandLine } from "./command-line.ts";

test.each([
  ["node server.js", ["node", "server.js"]],
  ["  node\t--port   3 ", ["node", "--port", "3"]],
  [`sh -c 'a | b > "$C"'`, ["sh", "-c", `a | b > "$C"`]],
  [`node "my server.js" ''`, ["node", "my server.js", ""]],
  [`a\\ b "c\\"d" e"f"g`, ["a b", `c"d`, "efg"]],
])("command line: %s is split into words", (text, words) => {
  expect(splitCommandLine(text)).toEqual({ kind: "words", words });
});

test.each([
  "",
  "  ",
  "''",
  "a | b",
  "a && b",
  "a > b",
  "echo $HOME",
  `echo "$HOME"`,
  "a `b`",
  "a 'b",
  'a "b',
  "a\nb",
  "a\0b",
])("command line: %j cannot be run without a shell", (text) => {
  expect(splitCommandLine(text).kind).toBe("invalid");
});
