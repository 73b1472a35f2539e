import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";
import { codeBlocks } from "./code-blocks.ts";
import { checkDocument } from "./document.ts";
import { documentStorages } from "./storages.ts";

const readme = fileURLToPath(new URL("../../README.md", import.meta.url));

test("README: what it tells to do works, and shows what it says", async () => {
  const blocks = codeBlocks(readFileSync(readme, "utf8"));
  expect(blocks.filter((block) => block.kind === "run").length).toBeGreaterThanOrEqual(4);
  const [, storage] = (await documentStorages()).at(-1)!;
  await checkDocument({ blocks, storage, patterns: [], withinMs: 60_000, prepare: async (folder) => folder });
});
