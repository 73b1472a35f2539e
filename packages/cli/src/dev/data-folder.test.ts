import { readdir, stat } from "node:fs/promises";
import { expect, test } from "vitest";
import { testContext } from "../context.testing.ts";
import { testFolder } from "../folder.testing.ts";
import { announce, claimDataFolder } from "./data-folder.ts";

const answering = testContext({ answer: () => ({ status: 200, text: "ok" }) }).context;
const silent = testContext().context;

test("data folder: is refused while another server runs over it", async () => {
  await using folder = await testFolder();
  await announce(folder.path, "http://127.0.0.1:1", process.ppid);
  await expect(claimDataFolder(folder.path, { http: answering.http, pid: process.pid })).rejects.toThrow(
    `process ${process.ppid}, http://127.0.0.1:1`,
  );
});

test("data folder: is taken over from a server that is gone, its process id used again", async () => {
  await using folder = await testFolder();
  await announce(folder.path, "http://127.0.0.1:1", process.ppid);
  await claimDataFolder(folder.path, { http: silent.http, pid: process.pid });
  expect((await stat(folder.path)).mode & 0o777).toBe(0o700);
  expect(await readdir(folder.path)).toEqual([".gitignore"]);
});

test("data folder: fresh empties it", async () => {
  await using folder = await testFolder({ token: "old" });
  await claimDataFolder(folder.path, { http: silent.http, pid: 1, fresh: true });
  expect(await readdir(folder.path)).toEqual([".gitignore"]);
});

test("data folder: what was announced is taken back only by who announced it", async () => {
  await using folder = await testFolder();
  const withdraw = await announce(folder.path, "http://0.0.0.0:1", 1);
  await announce(folder.path, "http://127.0.0.1:2", 2);
  await withdraw();
  expect(await readdir(folder.path)).toEqual(["admin.json"]);
});
