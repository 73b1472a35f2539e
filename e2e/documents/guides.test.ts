import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { afterAll, expect, test } from "vitest";
import { codeBlocks } from "./code-blocks.ts";
import { checkDocument } from "./document.ts";
import { DocumentServers, missingServers, type ServerName } from "./servers.ts";
import { documentStorages } from "./storages.ts";

const guides: readonly { readonly name: string; readonly needs: readonly ServerName[] }[] = [
  { name: "kafka", needs: ["kafka"] },
  { name: "rabbitmq", needs: ["rabbitmq"] },
  { name: "webhooks", needs: [] },
  { name: "serving", needs: ["containers"] },
];

const servers = new DocumentServers();
afterAll(() => servers[Symbol.asyncDispose]());

const [, storage] = (await documentStorages()).at(-1)!;

for (const { name, needs } of guides) {
  const missing = missingServers(needs);
  test.skipIf(missing)(`guide ${name}: what it tells to do works${missing ? ` (${missing})` : ""}`, async () => {
    const file = fileURLToPath(new URL(`../../docs/guides/${name}.md`, import.meta.url));
    const blocks = codeBlocks(readFileSync(file, "utf8"));
    expect(blocks.filter(({ kind }) => kind === "run").length, "blocks to run").toBeGreaterThanOrEqual(2);
    await checkDocument({
      blocks,
      storage,
      surroundings: await servers.start(needs),
      patterns: [],
      withinMs: 60_000,
      prepare: async (folder) => folder,
    });
  });
}
