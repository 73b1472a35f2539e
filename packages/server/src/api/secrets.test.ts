import { ManualClock } from "@rouse/base";
import { redactedData } from "@rouse/resources";
import { expect, test } from "vitest";
import { keyBytes, sealedWith, sealingKey } from "../secrets/seal.ts";
import { SealedStore } from "../secrets/sealed-store.ts";
import { Vault } from "../secrets/vault.ts";
import { MemoryStore } from "../store/memory-store.ts";
import { type ApiRig, apiRig } from "./admin-api.testing.ts";

const secrets = "/api/v1/namespaces/default/secrets";
const base64 = (text: string) => Buffer.from(text).toString("base64");
const mergePatch = { "content-type": "application/merge-patch+json" };
const strategicPatch = { "content-type": "application/strategic-merge-patch+json" };

/** Everything in it is looked for in what comes out. */
const password = "correct-horse-battery";

function secret(fields: object = { stringData: { user: "rouse", password } }, metadata: object = {}) {
  return { apiVersion: "v1", kind: "Secret", metadata: { name: "kafka", ...metadata }, ...fields };
}

async function valuesIn(api: ApiRig, name = "kafka") {
  const entry = api.store.get({ group: "", plural: "secrets", namespace: "default", name })!;
  const opened = [...api.vault.open(entry)].map(([key, each]) => [
    key,
    each.kind === "opened" ? each.value.toString() : each.kind,
  ]);
  return Object.fromEntries(opened);
}

function expectHidden(...things: unknown[]) {
  const text = JSON.stringify(things);
  for (const form of [password, base64(password)]) expect(text).not.toContain(form);
}

test("secret: is created from stringData and data, and answered with placeholders and sizes alone", async () => {
  await using api = await apiRig();
  const sent = secret({ stringData: { password }, data: { user: base64("rouse") } });
  const created = await api.send("POST", secrets, sent);
  expect(created.code).toBe(201);
  expect(created.body).toMatchObject({ apiVersion: "v1", kind: "Secret", type: "Opaque" });
  expect(created.body.data).toEqual({ user: redactedData, password: redactedData });
  expect(created.body.status.sizes).toEqual({ user: "5 bytes", password: "21 bytes" });
  expect(created.body.stringData).toBeUndefined();
  expect(await valuesIn(api)).toEqual({ user: "rouse", password });
  const read = await api.send("GET", `${secrets}/kafka`);
  const listed = await api.send("GET", secrets);
  const all = await api.send("GET", "/api/v1/secrets");
  expect(read.body).toEqual(created.body);
  expect(listed.body).toMatchObject({ kind: "SecretList", apiVersion: "v1" });
  expectHidden(created, read, listed, all, api.store.list());
});

test("secret: is found by discovery in the core group", async () => {
  await using api = await apiRig();
  const { body } = await api.send("GET", "/api/v1");
  expect(body.resources.map(({ name }: { name: string }) => name)).toContain("secrets");
  expect((await api.send("GET", "/apis")).body.groups.map(({ name }: { name: string }) => name)).not.toContain("");
});

test("secret: a document that was read keeps its values when it is written back", async () => {
  await using api = await apiRig();
  await api.send("POST", secrets, secret());
  const { body } = await api.send("GET", `${secrets}/kafka`);
  const before = api.store.revision;
  expect((await api.send("PUT", `${secrets}/kafka`, body)).code).toBe(200);
  expect(api.store.revision).toBe(before);
  const changed = { ...body, data: { ...body.data, user: base64("other") } };
  expect((await api.send("PUT", `${secrets}/kafka`, changed)).code).toBe(200);
  expect(await valuesIn(api)).toEqual({ user: "other", password });
});

test("secret: the same values written again change nothing", async () => {
  await using api = await apiRig();
  const { body } = await api.send("POST", secrets, secret());
  const { resourceVersion } = body.metadata;
  const again = await api.send("PUT", `${secrets}/kafka`, secret(undefined, { resourceVersion }));
  expect([again.code, again.body.metadata.resourceVersion]).toEqual([200, resourceVersion]);
});

test("secret: is patched as kubectl does for kinds that it knows, and others do", async () => {
  await using api = await apiRig();
  await api.send("POST", secrets, secret());
  const strategic = await api.send("PATCH", `${secrets}/kafka`, { stringData: { user: "a" } }, strategicPatch);
  expect([strategic.code, await valuesIn(api)]).toEqual([200, { user: "a", password }]);
  const merged = await api.send("PATCH", `${secrets}/kafka`, { data: { user: null } }, mergePatch);
  expect([merged.code, await valuesIn(api)]).toEqual([200, { password }]);
  const directive = await api.send("PATCH", `${secrets}/kafka`, { data: { $patch: "replace" } }, strategicPatch);
  expect(directive.code).toBe(400);
  const listed = await api.send("PATCH", `${secrets}/kafka`, "[]", { "content-type": "application/json-patch+json" });
  expect(listed.body.message).toMatch(
    /include: application\/merge-patch\+json, application\/strategic-merge-patch\+json$/,
  );
  expectHidden(strategic, merged, directive);
});

test("secret: a placeholder where there is no value is refused", async () => {
  await using api = await apiRig();
  const refused = await api.send("POST", secrets, secret({ data: { password: redactedData } }));
  expect([refused.code, refused.body.reason]).toEqual([422, "Invalid"]);
  expect(refused.body.message).toContain("data.password");
});

test("secret: what kubectl keeps of the last document is not kept", async () => {
  await using api = await apiRig();
  const annotations = {
    "kubectl.kubernetes.io/last-applied-configuration": JSON.stringify(secret()),
    note: "kept",
  };
  const created = await api.send("POST", secrets, secret(undefined, { annotations }));
  expect(created.body.metadata.annotations).toEqual({ note: "kept" });
  const patch = { metadata: { annotations }, stringData: { password: `${password}-2` } };
  const patched = await api.send("PATCH", `${secrets}/kafka`, patch, strategicPatch);
  expect(patched.body.metadata.annotations).toEqual({ note: "kept" });
  expectHidden(created, patched, api.store.list());
});

test("secret: no refusal and no dry run shows a value", async () => {
  await using api = await apiRig();
  const answers = [
    await api.send("POST", secrets, secret({ data: { password } })),
    await api.send("POST", secrets, secret({ stringData: { "bad key!": password } })),
    await api.send("POST", secrets, secret({ stringData: { password: [password] } })),
    await api.send("POST", secrets, secret({ stringData: password })),
    await api.send("POST", secrets, secret({ stringData: { password }, dta: { password } })),
    await api.send("POST", `${secrets}?dryRun=All`, secret()),
    await api.send("POST", secrets, `{"stringData": {"password": ${password}}}`),
    await api.send("POST", secrets, `{"stringData": {"password": "${password}" "a": 1}}`),
    await api.send("POST", secrets, `stringData: {password: *${password}}`, { "content-type": "application/yaml" }),
  ];
  expect(answers.map(({ code }) => code)).toEqual([422, 422, 422, 422, 400, 201, 400, 400, 400]);
  // Not even a part of one.
  expect(JSON.stringify(answers)).not.toContain(password.slice(0, 5));
  expectHidden(answers);
});

test("secret: one that is immutable takes what it has, and nothing else", async () => {
  await using api = await apiRig();
  await api.send("POST", secrets, secret({ stringData: { password }, immutable: true }));
  const { body } = await api.send("GET", `${secrets}/kafka`);
  expect((await api.send("PUT", `${secrets}/kafka`, body)).code).toBe(200);
  const labelled = { metadata: { labels: { a: "b" } } };
  expect((await api.send("PATCH", `${secrets}/kafka`, labelled, mergePatch)).code).toBe(200);
  const refused = await api.send("PATCH", `${secrets}/kafka`, { stringData: { password: "other" } }, mergePatch);
  expect(refused.code).toBe(422);
  expectHidden(refused);
});

test("secret: is deleted, and nothing of it is in the answer", async () => {
  await using api = await apiRig();
  await api.send("POST", secrets, secret());
  await api.send("POST", secrets, secret(undefined, { name: "other" }));
  const one = await api.send("DELETE", `${secrets}/kafka`);
  const rest = await api.send("DELETE", secrets);
  expect([one.code, rest.code, rest.body.items.length]).toEqual([200, 200, 1]);
  expectHidden(one, rest);
});

const [oldKey, newKey] = [1, 2].map((byte) => sealingKey(Buffer.alloc(keyBytes, byte)));

/** The same storage, as a server with other keys sees it. */
async function rigs() {
  const inner = new MemoryStore({ clock: new ManualClock() });
  const rig = (keys: readonly (typeof oldKey)[]) => {
    const vault = new Vault({ keys: keys.filter((key) => key !== undefined) });
    return apiRig({ store: new SealedStore(inner, vault), vault });
  };
  const keyIds = () => {
    const [entry] = inner.list({ plural: "secrets" });
    return Object.values(entry!.object.data as Record<string, string>).map(sealedWith);
  };
  return { rig, keyIds };
}

test("secret: applied again it is sealed with the new key, also when nothing in it changed", async () => {
  const { rig, keyIds } = await rigs();
  await using before = await rig([oldKey]);
  await before.send("POST", secrets, secret());
  expect(keyIds()).toEqual([oldKey?.id, oldKey?.id]);
  await using after = await rig([newKey, oldKey]);
  const { body } = await after.send("GET", `${secrets}/kafka`);
  expect((await after.send("PUT", `${secrets}/kafka`, body)).code).toBe(200);
  expect(keyIds()).toEqual([newKey?.id, newKey?.id]);
  expect(await valuesIn(after)).toEqual({ user: "rouse", password });
});

test("secret: values that do not open can be kept, replaced and removed", async () => {
  const { rig } = await rigs();
  await using before = await rig([oldKey]);
  await before.send("POST", secrets, secret());
  await using after = await rig([newKey]);
  const patched = await after.send("PATCH", `${secrets}/kafka`, { stringData: { user: "other" } }, mergePatch);
  expect(patched.code).toBe(200);
  expect(await valuesIn(after)).toEqual({ user: "other", password: "wrong-key" });
  expect(await valuesIn(before)).toEqual({ user: "wrong-key", password });
  await after.send("PATCH", `${secrets}/kafka`, { data: { password: "" } }, mergePatch);
  expect(await valuesIn(after)).toEqual({ user: "other", password: "" });
});

test("secret: without a key it is refused, and so is its dry run", async () => {
  await using api = await apiRig({ vault: new Vault({ keys: [] }) });
  for (const url of [secrets, `${secrets}?dryRun=All`]) {
    const { code, body } = await api.send("POST", url, secret());
    expect([code, body.details.causes[0].reason]).toEqual([403, "SECRET_KEY_ABSENT"]);
  }
  const outside = secret({}, { annotations: { "rouse.dev/from-env": "password=KAFKA_PASSWORD" } });
  expect((await api.send("POST", secrets, outside)).code).toBe(201);
  const patched = await api.send("PATCH", `${secrets}/kafka?dryRun=All`, { stringData: { user: "a" } }, mergePatch);
  expect(patched.code).toBe(403);
});
