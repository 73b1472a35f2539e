import { chmod, mkdtemp, rm, stat, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, test } from "vitest";
import { openSealingKeys, ownKeyFile, readKeyFile } from "./secret-key.ts";

async function folder() {
  const path = await mkdtemp(join(tmpdir(), "rouse-key-"));
  const file = async (content: string | Uint8Array, mode = 0o600) => {
    const name = join(path, `key-${Math.random()}`);
    await writeFile(name, content);
    await chmod(name, mode);
    return name;
  };
  return { path, file, [Symbol.asyncDispose]: () => rm(path, { recursive: true }) };
}

const bytes = Buffer.alloc(32, 9);

test("key file: 32 bytes, their base64 and their hexadecimal text are the same key", async () => {
  await using keys = await folder();
  const forms = [bytes, `${bytes.toString("base64")}\n`, bytes.toString("base64url"), bytes.toString("hex")];
  const read = await Promise.all(forms.map(async (form) => readKeyFile(await keys.file(form))));
  for (const key of read) expect(key).toEqual(read[0]);
});

test("key file: one that others may read is refused, one that a container platform mounts for a group is not", async () => {
  await using keys = await folder();
  for (const mode of [0o644, 0o604, 0o620, 0o666]) {
    const path = await keys.file(bytes, mode);
    await expect(readKeyFile(path)).rejects.toMatchObject({ code: "SECRET_KEY_EXPOSED", hint: `chmod 600 ${path}` });
  }
  for (const mode of [0o600, 0o400, 0o440, 0o640]) await readKeyFile(await keys.file(bytes, mode));
});

test("key file: what is no key is refused without showing it", async () => {
  await using keys = await folder();
  for (const content of ["", "short", "x".repeat(64), Buffer.alloc(33)]) {
    const refused = await readKeyFile(await keys.file(content)).catch((failure) => failure);
    expect([refused.code, refused.message.includes("short")]).toEqual(["SECRET_KEY_INVALID", false]);
  }
  await expect(readKeyFile(join(keys.path, "absent"))).rejects.toMatchObject({ code: "SECRET_KEY_INVALID" });
});

test("sealing keys: a server with storage of its own makes a key once, closed to others", async () => {
  await using data = await folder();
  const config = { storage: { kind: "managed" }, dataDir: data.path } as const;
  const [first, second] = await Promise.all([openSealingKeys(config), openSealingKeys(config)]);
  expect(first).toEqual(second);
  expect(first).toHaveLength(1);
  expect((await stat(ownKeyFile(data.path))).mode & 0o777).toBe(0o600);
});

test("sealing keys: on somebody else's NATS there are those that are given, the newest first, or none", async () => {
  await using data = await folder();
  const config = { storage: { kind: "nats" }, dataDir: data.path } as const;
  expect(await openSealingKeys(config)).toEqual([]);
  const given = { secretKeyFile: await data.file(bytes), secretKeyFilePrevious: await data.file(Buffer.alloc(32, 8)) };
  const keys = await openSealingKeys({ ...config, ...given });
  expect(keys.map((key) => key.bytes[0])).toEqual([9, 8]);
});

test("sealing keys: memory has a key that ends with the process", async () => {
  const config = { storage: { kind: "memory" }, dataDir: "/nowhere" } as const;
  const [first, second] = [await openSealingKeys(config), await openSealingKeys(config)];
  expect(first[0]?.id).not.toBe(second[0]?.id);
});
