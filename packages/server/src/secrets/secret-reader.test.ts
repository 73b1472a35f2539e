import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { ManualClock } from "@rouse/base";
import { expect, onTestFinished, test } from "vitest";
import { MemoryStore } from "../store/memory-store.ts";
import type { JsonObject } from "../store/port.ts";
import type { OutsideValue } from "./outside-values.ts";
import { keyBytes, sealingKey } from "./seal.ts";
import { SealedStore } from "./sealed-store.ts";
import { createSecretReader } from "./secret-reader.ts";
import { secretType, Vault } from "./vault.ts";

const key = sealingKey(Buffer.alloc(keyBytes, 1));
const id = { ...secretType, namespace: "shop", name: "kafka" };

async function rig(data: JsonObject, outside: readonly OutsideValue[] = [], readerKey = key) {
  const store = new SealedStore(new MemoryStore({ clock: new ManualClock() }), new Vault({ keys: [key] }));
  const encoded = Object.entries(data).map(([name, text]) => [name, Buffer.from(String(text)).toString("base64")]);
  await store.create(id, { metadata: { uid: "u1" }, data: Object.fromEntries(encoded) });
  const learned: string[] = [];
  const reader = createSecretReader({
    store,
    vault: new Vault({ keys: [readerKey] }),
    outside: () => outside,
    env: { KAFKA_PASSWORD: "from the environment", EMPTY: "" },
    learn: (value) => learned.push(value.toString()),
  });
  return { reader, store, learned, [Symbol.asyncDispose]: () => store[Symbol.asyncDispose]() };
}

test("secret reader: gives all values of a Secret, and undefined where there is none", async () => {
  await using secrets = await rig({ user: "rouse", password: "s3cret" });
  const values = await secrets.reader.read("shop", "kafka");
  expect(values).toEqual(
    new Map([
      ["user", Buffer.from("rouse")],
      ["password", Buffer.from("s3cret")],
    ]),
  );
  expect(await secrets.reader.read("shop", "other")).toBeUndefined();
  expect(await secrets.reader.read("default", "kafka")).toBeUndefined();
});

test("secret reader: files and variables are read when they are asked for, and learned", async () => {
  const base = await mkdtemp(join(tmpdir(), "rouse-secret-"));
  onTestFinished(() => rm(base, { recursive: true }));
  const path = join(base, "ca.pem");
  const outside: OutsideValue[] = [
    { kind: "variable", key: "password", name: "KAFKA_PASSWORD" },
    { kind: "file", key: "ca.crt", path },
  ];
  await using secrets = await rig({ user: "rouse" }, outside);
  await expect(secrets.reader.text("shop", { name: "kafka", key: "ca.crt" })).rejects.toMatchObject({
    code: "SECRET_SOURCE_UNREADABLE",
    message: expect.stringContaining(`"ca.crt" in secret shop/kafka comes from the file ${path}, which cannot be read`),
  });
  await writeFile(path, "first line\nsecond line\n");
  expect(await secrets.reader.text("shop", { name: "kafka", key: "ca.crt" })).toBe("first line\nsecond line");
  await writeFile(path, "another");
  const values = await secrets.reader.all("shop", "kafka");
  expect([...values].map(([name, value]) => [name, value.toString()])).toEqual([
    ["user", "rouse"],
    ["password", "from the environment"],
    ["ca.crt", "another"],
  ]);
  expect(secrets.learned).toContain("from the environment");
});

test("secret reader: a variable that is empty or not set is told by key and name", async () => {
  const outside: OutsideValue[] = [
    { kind: "variable", key: "a", name: "EMPTY" },
    { kind: "variable", key: "b", name: "ABSENT" },
  ];
  await using secrets = await rig({}, outside);
  await expect(secrets.reader.text("shop", { name: "kafka", key: "a" })).rejects.toThrow(
    "the variable EMPTY, which is empty",
  );
  await expect(secrets.reader.text("shop", { name: "kafka", key: "b" })).rejects.toThrow("ABSENT, which is not set");
});

test("secret reader: what is missing is said with the way out, and is no fault where it is optional", async () => {
  await using secrets = await rig({ user: "rouse" });
  const { reader } = secrets;
  await expect(reader.text("shop", { name: "kafka", key: "password" })).rejects.toMatchObject({
    code: "SECRET_VALUE_MISSING",
    message: 'secret shop/kafka has no key "password" (it has "user"); add it, or mend the reference to it',
  });
  await expect(reader.all("shop", "absent")).rejects.toMatchObject({
    code: "SECRET_NOT_FOUND",
    message: "secret shop/absent does not exist; apply it, or mend the reference to it",
  });
  expect(await reader.textIfAny("shop", { name: "kafka", key: "password", optional: true })).toBeUndefined();
  expect(await reader.textIfAny("shop", { name: "absent", key: "x", optional: true })).toBeUndefined();
  expect(await reader.textIfAny("shop", undefined)).toBeUndefined();
  expect(await reader.textIfAny("shop", { name: "kafka", key: "user", optional: true })).toBe("rouse");
  await expect(reader.textIfAny("shop", { name: "kafka", key: "password" })).rejects.toThrow("no key");
});

test("secret reader: a value of another key, and one that was tampered with, are told apart", async () => {
  await using other = await rig({ password: "s3cret" }, [], sealingKey(Buffer.alloc(keyBytes, 2)));
  await expect(other.reader.all("shop", "kafka")).rejects.toMatchObject({
    code: "SECRET_KEY_WRONG",
    message: expect.stringContaining(`another key (${key.id})`),
  });
  await using secrets = await rig({ a: "first", b: "second" });
  const entry = secrets.store.get(id)!;
  const { a } = entry.object.data as JsonObject;
  await secrets.store.update(id, { ...entry.object, data: { b: a, c: "sealed:v9:x" } }, entry.objectRevision);
  await expect(secrets.reader.text("shop", { name: "kafka", key: "b" })).rejects.toMatchObject({
    code: "SECRET_TAMPERED",
  });
  await expect(secrets.reader.text("shop", { name: "kafka", key: "c" })).rejects.toMatchObject({
    code: "SECRET_UNREADABLE",
  });
});

test("secret reader: a path that leads to no file is not read", async () => {
  await using secrets = await rig({}, [{ kind: "file", key: "endless", path: "/dev/zero" }]);
  await expect(secrets.reader.text("shop", { name: "kafka", key: "endless" })).rejects.toMatchObject({
    code: "SECRET_SOURCE_UNREADABLE",
    message: expect.stringContaining("expected a file"),
  });
});

test("secret reader: a value that is no text comes as its bytes", async () => {
  await using secrets = await rig({});
  const bytes = Buffer.from([0xff, 0x00, 0x80]);
  await secrets.store.update(
    id,
    { metadata: { uid: "u1" }, data: { raw: bytes.toString("base64") } },
    secrets.store.get(id)!.objectRevision,
  );
  expect(await secrets.reader.valueIfAny("shop", { name: "kafka", key: "raw" })).toEqual(bytes);
  expect(await secrets.reader.valueIfAny("shop", { name: "kafka", key: "other", optional: true })).toBeUndefined();
});
