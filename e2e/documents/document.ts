import { existsSync, readFileSync } from "node:fs";
import { mkdtemp, readdir, readFile, realpath, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect } from "vitest";
import { awaitCondition } from "../harness/await-condition.ts";
import { type CodeBlock, outputPatterns } from "./code-blocks.ts";
import type { Surroundings } from "./servers.ts";
import { type Background, type DocumentStorage, openShell, processesIn, type Shell } from "./shell.ts";

/** How a document is checked. */
export interface DocumentCheck {
  readonly blocks: readonly CodeBlock[];
  readonly storage: DocumentStorage;
  /** Where its servers are; default: it needs none. */
  readonly surroundings?: Surroundings;
  /** Puts into the folder what the document expects there; gives the folder in which the first block runs. */
  readonly prepare: (folder: string) => Promise<string>;
  /** What must appear in the output of all commands together. */
  readonly patterns: readonly RegExp[];
  readonly withinMs: number;
}

/** Does what a document says, in its order, in a folder that goes afterwards; fails when something does not come out. */
export async function checkDocument(check: DocumentCheck): Promise<void> {
  const folder = await realpath(await mkdtemp(join(tmpdir(), "rouse-document-")));
  const shell = await openShell(folder, check.storage, check.surroundings?.variables);
  try {
    const started = await follow(check, shell, await check.prepare(folder));
    await awaitMatches(check.patterns, shell, check.withinMs);
    for (const background of started) await end(background, shell);
    // What watches over a server's children ends a moment after it.
    const left = async () => (await processesIn(folder)) ?? [];
    await awaitCondition("no process left", async () => (await left()).length === 0, { evidence: left });
  } finally {
    await shell.close();
    await rm(folder, { recursive: true, force: true, maxRetries: 5 });
  }
}

async function follow(check: DocumentCheck, shell: Shell, first: string): Promise<readonly Background[]> {
  const { blocks, surroundings } = check;
  const started: Background[] = [];
  let cwd = first;
  for (const { kind, text: written, name } of blocks) {
    const text = surroundings?.addressed(written) ?? written;
    if (kind === "run") cwd = await shell.run(await addressed(text, cwd), cwd);
    if (kind === "file") await writeFile(join(cwd, name!), `${text}\n`);
    if (kind === "output") await awaitMatches(outputPatterns(text), shell, check.withinMs);
    if (kind === "background") {
      const background = shell.start(text, cwd);
      started.push(background);
      await awaitServer(background, shell, check.withinMs);
    }
  }
  return started;
}

async function awaitMatches(patterns: readonly RegExp[], shell: Shell, withinMs: number): Promise<void> {
  const missing = () => patterns.filter((pattern) => !pattern.test(shell.output())).map(String);
  await awaitCondition("the output to have what the document shows", () => missing().length === 0, {
    withinMs,
    evidence: () => `missing ${missing().join(", ")} in:\n${shell.output()}`,
  });
}

/** A person types the next command when the server has told that everything declared is there. */
async function awaitServer(background: Background, shell: Shell, withinMs: number): Promise<void> {
  const declared = await objectsOf(background);
  await awaitCondition(
    `${background.command} to have applied ${declared} objects`,
    () => {
      if (background.child.exitCode !== null) return true;
      const applied = shell.output().match(/ created$/gm)?.length ?? 0;
      return applied >= declared && existsSync(adminFile(background.cwd));
    },
    { withinMs, evidence: shell.output },
  );
  expect(background.child.exitCode, shell.output()).toBeNull();
}

/** Of the files that the command names, else of all that lie where it runs. */
async function objectsOf({ command, cwd }: Background): Promise<number> {
  const named = [...command.matchAll(/ -f (\S+)/g)].map(([, name = ""]) => name);
  const names = named.length > 0 ? named : (await readdir(cwd)).filter((name) => name.endsWith(".yaml"));
  const texts = await Promise.all(names.map((name) => readFile(join(cwd, name), "utf8")));
  return texts.join("\n").match(/^kind: /gm)?.length ?? 0;
}

async function end({ child, command, ended }: Background, shell: Shell): Promise<void> {
  child.kill("SIGINT");
  expect(await ended, `how "${command}" ended after SIGINT\n${shell.output()}`).toBe(0);
}

function adminFile(cwd: string): string {
  return join(cwd, ".rouse", "admin.json");
}

/** The commands with the addresses of the server that runs in the folder, in place of the default ones. */
async function addressed(text: string, cwd: string): Promise<string> {
  if (!/(127\.0\.0\.1|\.localhost):808[01]/.test(text)) return text;
  const { url } = JSON.parse(readFileSync(adminFile(cwd), "utf8")) as { readonly url: string };
  const info = (await (await fetch(`${url}/-/info`)).json()) as { readonly dataPlane: string };
  return text
    .replaceAll("http://127.0.0.1:8080", info.dataPlane)
    .replaceAll(".localhost:8080", `.localhost:${new URL(info.dataPlane).port}`)
    .replaceAll("http://127.0.0.1:8081", url);
}
