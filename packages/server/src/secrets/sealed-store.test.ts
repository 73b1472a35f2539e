import { ManualClock } from "@rouse/base";
import { expect, test } from "vitest";
import { MemoryStore } from "../store/memory-store.ts";
import type { JsonObject } from "../store/port.ts";
import { storeConformance } from "../store/store.conformance.ts";
import { keyBytes, sealingKey } from "./seal.ts";
import { SealedStore } from "./sealed-store.ts";
import { secretType, Vault } from "./vault.ts";

const key = sealingKey(Buffer.alloc(keyBytes, 1));
const next = sealingKey(Buffer.alloc(keyBytes, 2));
const id = { ...secretType, namespace: "default", name: "kafka" };
const base64 = (text: string) => Buffer.from(text).toString("base64");
const secret = (data: JsonObject): JsonObject => ({
  apiVersion: "v1",
  kind: "Secret",
  metadata: { name: "kafka", namespace: "default", uid: "u1" },
  data,
});

function sealedStore(keys = [key]) {
  const inner = new MemoryStore({ clock: new ManualClock() });
  const learned: string[] = [];
  const vault = new Vault({ keys, learn: (value) => learned.push(value.toString()) });
  return { inner, vault, learned, store: new SealedStore(inner, vault) };
}

storeConformance("sealed store", async () => sealedStore().store);

test("sealed store: neither cache nor changes hold a value of a Secret, and the vault opens it", async () => {
  const { store, inner, vault, learned } = sealedStore();
  const seen: unknown[] = [];
  store.watch({}, (change) => seen.push(change));
  await store.create(id, secret({ password: base64("correct horse"), empty: "" }));
  const entry = store.get(id)!;
  expect(JSON.stringify([seen, inner.list(), entry])).not.toContain(base64("correct horse"));
  expect(Object.keys(entry.object.data as JsonObject)).toEqual(["password", "empty"]);
  const opened = vault.open(entry);
  expect(opened.get("password")).toEqual({ kind: "opened", value: Buffer.from("correct horse") });
  expect(opened.get("empty")).toEqual({ kind: "opened", value: Buffer.alloc(0) });
  expect(new Set(learned)).toEqual(new Set(["correct horse", ""]));
});

test("sealed store: a value that is sealed already stays as it is; another one is sealed anew", async () => {
  const { store } = sealedStore();
  await store.create(id, secret({ a: base64("first"), b: base64("second") }));
  const before = store.get(id)!;
  const data = before.object.data as JsonObject;
  await store.update(id, { ...before.object, data: { ...data, b: base64("second") } }, before.objectRevision);
  const after = store.get(id)!.object.data as JsonObject;
  expect(after.a).toBe(data.a);
  expect(after.b).not.toBe(data.b);
});

test("sealed store: other kinds with a field of that name are left alone", async () => {
  const { store } = sealedStore();
  const other = { ...id, plural: "things" };
  await store.create(other, secret({ a: base64("plain") }));
  expect(store.get(other)?.object.data).toEqual({ a: base64("plain") });
});

test("sealed store: without a key a Secret with values is refused with the way out, one without is taken", async () => {
  const { store } = sealedStore([]);
  const refused = await store.create(id, secret({ a: base64("plain") })).catch((failure) => failure);
  expect(refused.code).toBe("SECRET_KEY_ABSENT");
  expect(refused.hint).toContain("openssl rand -out FILE 32");
  expect(refused.message).toContain("default/kafka");
  expect((await store.create(id, secret({}))).kind).toBe("written");
});

test("vault: what was sealed with the key before opens while that key is given, and says so when it is not", async () => {
  const { store } = sealedStore();
  await store.create(id, secret({ a: base64("value") }));
  const entry = store.get(id)!;
  expect(new Vault({ keys: [next, key] }).open(entry).get("a")).toMatchObject({ kind: "opened" });
  expect(new Vault({ keys: [next] }).open(entry).get("a")).toEqual({ kind: "wrong-key", keyId: key.id });
});

test("vault: values that were exchanged between two keys or two Secrets do not open", async () => {
  const { store, vault } = sealedStore();
  await store.create(id, secret({ a: base64("mine"), b: base64("other") }));
  const entry = store.get(id)!;
  const { a, b } = entry.object.data as JsonObject;
  expect(vault.open({ ...entry, object: { data: { a: b, b: a } } }).get("a")).toEqual({ kind: "tampered" });
  expect(vault.open({ ...entry, id: { ...id, namespace: "mallory" } }).get("a")).toEqual({ kind: "tampered" });
  expect(vault.open({ ...entry, uid: "u2" }).get("a")).toEqual({ kind: "tampered" });
});
