import { readdirSync, readFileSync } from "node:fs";
import { cp, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, describe, expect, test } from "vitest";
import { codeBlocks } from "./code-blocks.ts";
import { checkDocument } from "./document.ts";
import { DocumentServers, missingServers, type ServerName } from "./servers.ts";
import { documentStorages } from "./storages.ts";

const examples = fileURLToPath(new URL("../../examples", import.meta.url));

interface Expected {
  /** Servers that the example reads from or writes to; default none. */
  readonly needs?: readonly ServerName[];
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

const text = (folder: string, file: string) => readFileSync(join(examples, folder, file), "utf8");
const expected = new Map(folders.map((folder) => [folder, JSON.parse(text(folder, "expect.json")) as Expected]));

const servers = new DocumentServers();
afterAll(() => servers[Symbol.asyncDispose]());

/** The files of an example where nothing else is, with the addresses of the servers that were started for it. */
async function copy(folder: string, place: string, addressed: (text: string) => string): Promise<string> {
  await cp(join(examples, "package.json"), join(place, "package.json"));
  const there = join(place, folder);
  await cp(join(examples, folder), there, { recursive: true, filter: (path) => !path.endsWith("/.rouse") });
  for (const file of readdirSync(there)) {
    const path = join(there, file);
    await writeFile(path, addressed(await readFile(path, "utf8")));
  }
  return there;
}

for (const [name, storage] of await documentStorages()) {
  describe(name, () => {
    for (const folder of folders) {
      const { needs = [], stdout, timeoutSeconds } = expected.get(folder)!;
      const missing = missingServers(needs);
      test.skipIf(missing)(
        `example ${folder}: its README does what it says${missing ? ` (${missing})` : ""}`,
        async () => {
          const surroundings = await servers.start(needs);
          await checkDocument({
            blocks: codeBlocks(text(folder, "README.md")),
            storage,
            surroundings,
            patterns: stdout.map((pattern) => new RegExp(pattern)),
            withinMs: timeoutSeconds * 1_000,
            prepare: (place) => copy(folder, place, surroundings.addressed),
          });
        },
      );
    }
  });
}
