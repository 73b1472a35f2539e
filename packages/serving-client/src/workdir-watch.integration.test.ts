import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { systemClock } from "@rouse/base";
import { expect, test } from "vitest";
import { watchFolder } from "./workdir-watch.ts";

async function folderWith(...files: string[]): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), "rouse-"));
  await mkdir(join(folder, "node_modules"));
  for (const file of files) await writeFile(join(folder, file), "x");
  return folder;
}

/** Resolves with the path that the first burst of changes ended in. */
function firstChange(folder: string, sinceMs: number): Promise<string> {
  return new Promise((resolve, reject) => {
    const watch = watchFolder({
      folder,
      clock: systemClock,
      sinceMs,
      changed: (path) => void watch.close().then(() => resolve(path)),
      failed: reject,
    });
  });
}

test("folder watch: a file that was changed before watching began counts, by its time", async () => {
  const folder = await folderWith("index.js");
  expect(await firstChange(folder, 0)).toBe(join(folder, "index.js"));
  await rm(folder, { recursive: true });
});

test("folder watch: node_modules and what begins with a dot are not seen", async () => {
  const folder = await folderWith("index.js", ".env", "node_modules/late.js");
  expect(await firstChange(folder, 0)).toBe(join(folder, "index.js"));
  await rm(folder, { recursive: true });
});
