import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import { expect, test } from "vitest";
import { testFolder } from "../folder.testing.ts";
import { findEndpoint } from "./endpoint.ts";

async function started(url: string) {
  const folder = await testFolder();
  await mkdir(join(folder.path, ".rouse"));
  await folder.write(".rouse/admin.json", JSON.stringify({ url, pid: 1 }));
  await folder.write(".rouse/token", "secret\n");
  await folder.write(".rouse/admin.crt", "PEM");
  return folder;
}

test("endpoint: the server that was started in this folder, with its token and certificate", async () => {
  await using folder = await started("https://127.0.0.1:9443");
  const found = await findEndpoint({}, { cwd: folder.path, env: {} });
  expect(found).toEqual({ url: "https://127.0.0.1:9443", token: "secret", ca: "PEM" });
});

test("endpoint: --server over ROUSE_SERVER over the folder over the default", async () => {
  await using folder = await started("http://127.0.0.1:1");
  const env = { ROUSE_SERVER: "http://127.0.0.1:2" };
  expect((await findEndpoint({ server: "http://127.0.0.1:3/" }, { cwd: folder.path, env })).url).toBe(
    "http://127.0.0.1:3",
  );
  expect((await findEndpoint({}, { cwd: folder.path, env })).url).toBe("http://127.0.0.1:2");
  expect((await findEndpoint({}, { cwd: "/nowhere", env: {} })).url).toBe("http://127.0.0.1:8081");
});

test("endpoint: no other machine gets to see this folder's token", async () => {
  await using folder = await started("http://127.0.0.1:1");
  const found = await findEndpoint({ server: "https://rouse.example.com" }, { cwd: folder.path, env: {} });
  expect([found.token, found.ca]).toEqual([undefined, undefined]);
});

test("endpoint: a token is not sent over plain HTTP to another machine", async () => {
  await using folder = await started("http://127.0.0.1:1");
  const options = { server: "http://rouse.example.com", tokenFile: ".rouse/token" };
  await expect(findEndpoint(options, { cwd: folder.path, env: {} })).rejects.toThrow("plain HTTP");
});
