import { appendFile, mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
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

/** Resolves with the paths of the first burst of changes. */
function firstChange(folder: string, sinceMs: number): Promise<string> {
  return new Promise((resolve, reject) => {
    const watch = watchFolder({
      folder,
      clock: systemClock,
      sinceMs,
      changed: ({ paths }) => void watch.close().then(() => resolve(paths.join())),
      failed: reject,
    });
  });
}

test("folder watch: a file that was changed before watching began counts, by its time", async () => {
  const folder = await folderWith("index.js");
  expect(await firstChange(folder, 0)).toBe(join(folder, "index.js"));
  await rm(folder, { recursive: true });
});

test("folder watch: what is no source of a program is not seen", async () => {
  const names = [
    ".env",
    "node_modules/late.js",
    "dev.log",
    "nohup.out",
    "a.tmp",
    "index.js~",
    ".index.js.swp",
    "b.swp",
  ];
  const folder = await folderWith("index.js", ...names, "service.yaml", "trigger.yml");
  expect(await firstChange(folder, 0)).toBe(join(folder, "index.js"));
  await rm(folder, { recursive: true });
});

test("folder watch: a file that is written without end is told, and not any more when it was given up", async () => {
  const folder = await folderWith("index.js", "state.json");
  const [state, index] = [join(folder, "state.json"), join(folder, "index.js")];
  const told: string[][] = [];
  let wake = () => {};
  const watch = watchFolder({
    folder,
    clock: systemClock,
    sinceMs: 0,
    changed: ({ paths }) => {
      told.push([...paths]);
      wake();
    },
    failed: (failure) => {
      throw failure;
    },
  });
  const next = () =>
    new Promise<void>((resolve) => {
      wake = resolve;
    });
  await next();
  const writing = setInterval(() => void appendFile(state, "x"), 20);
  await next();
  expect([watch.giveUp(state), watch.giveUp(state)]).toEqual([true, false]);
  await writeFile(index, "y");
  await next();
  clearInterval(writing);
  await watch.close();
  expect(told.slice(1)).toEqual([[state], [index]]);
  await rm(folder, { recursive: true });
});
