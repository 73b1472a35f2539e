import { readdirSync, readFileSync } from "node:fs";
import { cp } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { describe, expect, test } from "vitest";
import { codeBlocks } from "./code-blocks.ts";
import { checkDocument } from "./document.ts";
import { documentStorages } from "./storages.ts";

const examples = fileURLToPath(new URL("../../examples", import.meta.url));

interface Expected {
  readonly timeoutSeconds: number;
  /** Regular expressions over all output. */
  readonly stdout: readonly string[];
}

const folders = readdirSync(examples, { withFileTypes: true })
  .filter((entry) => entry.isDirectory() && readdirSync(join(examples, entry.name)).includes("expect.json"))
  .map((entry) => entry.name);

test("examples: there are some", () => {
  expect(folders.length).toBeGreaterThanOrEqual(3);
});

for (const [name, storage] of await documentStorages()) {
  describe(name, () => {
    test.each(folders)("example %s: its README does what it says", async (folder) => {
      const text = (file: string) => readFileSync(join(examples, folder, file), "utf8");
      const { stdout, timeoutSeconds } = JSON.parse(text("expect.json")) as Expected;
      await checkDocument({
        blocks: codeBlocks(text("README.md")),
        storage,
        patterns: stdout.map((pattern) => new RegExp(pattern)),
        withinMs: timeoutSeconds * 1_000,
        async prepare(place) {
          await cp(join(examples, "package.json"), join(place, "package.json"));
          await cp(join(examples, folder), join(place, folder), {
            recursive: true,
            filter: (path) => !path.endsWith("/.rouse"),
          });
          return join(place, folder);
        },
      });
    });
  });
}
