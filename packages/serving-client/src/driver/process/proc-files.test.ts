import { once } from "node:events";
import { createServer } from "node:net";
import { expect, test } from "vitest";
import { processFile, scanProcesses, socketInodes } from "./proc-files.ts";

test.runIf(process.platform === "linux")("proc files: every process is looked at, our own among them", async () => {
  const found = await scanProcesses((pid) => (processFile(pid, "stat") === "" ? undefined : pid));
  expect(found).toContain(process.pid);
  expect(found).toContain(process.ppid);
});

test.runIf(process.platform === "linux")("proc files: a socket is found with the process that has it", async () => {
  const before = await socketInodes(process.pid);
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  expect((await socketInodes(process.pid)).length).toBeGreaterThan(before.length);
  server.close();
});

test("proc files: what is not there is empty", async () => {
  expect(processFile(-1, "stat")).toBe("");
  expect(await socketInodes(-1)).toEqual([]);
});
