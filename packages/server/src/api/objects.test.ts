import { expect, test } from "vitest";
import { StoreFault } from "../errors.ts";
import { apiRig, trigger, triggers } from "./admin-api.testing.ts";

const mergePatch = { "content-type": "application/merge-patch+json" };

test("create: sets uid, creationTimestamp and generation, fills in defaults and drops the status", async () => {
  await using api = await apiRig();
  const sent = { ...trigger("orders", {}, { uid: "mine", generation: 9 }), status: { conditions: [] } };
  const { code, body } = await api.send("POST", triggers, sent);
  expect(code).toBe(201);
  expect(body.metadata).toMatchObject({
    name: "orders",
    namespace: "default",
    creationTimestamp: "2026-01-01T00:00:00Z",
    generation: 1,
    resourceVersion: String(api.store.revision),
  });
  expect(body.metadata.uid).toMatch(/^[0-9a-f-]{36}$/);
  expect(body.status).toBeUndefined();
  expect((await api.send("GET", `${triggers}/orders`)).body).toEqual(body);
});

test("create: a name that is taken is 409 AlreadyExists", async () => {
  await using api = await apiRig();
  await api.send("POST", triggers, trigger("orders"));
  const { code, body } = await api.send("POST", triggers, trigger("orders"));
  expect([code, body.reason, body.message]).toEqual([
    409,
    "AlreadyExists",
    'triggers.eventing.knative.dev "orders" already exists',
  ]);
});

test("create: generateName is completed by five characters", async () => {
  await using api = await apiRig();
  const { name: _, ...metadata } = { name: "", generateName: "orders-" };
  const { code, body } = await api.send("POST", triggers, { ...trigger(""), metadata });
  expect([code, /^orders-[a-z0-9]{5}$/.test(body.metadata.name)]).toEqual([201, true]);
});

test("create: without any name is 422 with the field", async () => {
  await using api = await apiRig();
  const { code, body } = await api.send("POST", triggers, { ...trigger(""), metadata: {} });
  expect([code, body.details.causes[0].field]).toEqual([422, "metadata.name"]);
});

test("create: a YAML body is taken", async () => {
  await using api = await apiRig();
  const yaml = [
    "apiVersion: eventing.knative.dev/v1",
    "kind: Trigger",
    "metadata: {name: orders}",
    "spec: {broker: default, subscriber: {uri: 'http://127.0.0.1:9/'}}",
  ].join("\n");
  expect((await api.send("POST", triggers, yaml, { "content-type": "application/yaml" })).code).toBe(201);
  const broken = await api.send("POST", triggers, "a: [", { "content-type": "application/yaml" });
  expect([broken.code, broken.body.reason]).toEqual([400, "BadRequest"]);
});

test("create: a misspelt field is 400 with its path, unless the client asks for a warning or for nothing", async () => {
  await using api = await apiRig();
  const document = trigger("orders", { brokr: "x" });
  const strict = await api.send("POST", triggers, document);
  expect([strict.code, strict.body.reason]).toEqual([400, "BadRequest"]);
  expect(strict.body.message).toContain('strict decoding error: unknown field "spec.brokr"');
  const warned = await api.send("POST", `${triggers}?fieldValidation=Warn`, document);
  expect([warned.code, warned.headers.warning]).toEqual([201, ['299 - "unknown field \\"spec.brokr\\""']]);
  expect(warned.body.spec.brokr).toBeUndefined();
  const ignored = await api.send("POST", `${triggers}?fieldValidation=Ignore`, trigger("other", { brokr: "x" }));
  expect([ignored.code, ignored.headers.warning]).toEqual([201, undefined]);
});

test("create: a document that means nothing is 422 with one cause a field", async () => {
  await using api = await apiRig();
  const { code, body } = await api.send("POST", triggers, trigger("orders", { subscriber: undefined }));
  expect([code, body.kind, body.status, body.reason]).toEqual([422, "Status", "Failure", "Invalid"]);
  expect(body.message).toMatch(/^Trigger\.eventing\.knative\.dev "orders" is invalid: spec\.subscriber: /);
  expect(body.details).toMatchObject({ name: "orders", group: "eventing.knative.dev", kind: "Trigger" });
  expect(body.details.causes).toHaveLength(1);
  expect(body.details.causes[0]).toMatchObject({ reason: "FieldValueRequired", field: "spec.subscriber" });
});

test("create: a document of another kind, namespace or shape is 400", async () => {
  await using api = await apiRig();
  const other = { ...trigger("a"), kind: "Broker" };
  expect((await api.send("POST", triggers, other)).body.message).toContain("expected a Trigger");
  expect((await api.send("POST", triggers, trigger("a", {}, { namespace: "b" }))).code).toBe(400);
  expect((await api.send("POST", triggers, "[1]")).code).toBe(400);
  expect((await api.send("POST", triggers, "{")).body.message).toContain("not JSON");
  expect((await api.send("POST", triggers, `${"[".repeat(300)}${"]".repeat(300)}`)).body.message).toContain("deeper");
});

test("create: with dryRun everything is computed and nothing stored", async () => {
  await using api = await apiRig({ hooks: { beforeCreate: () => Promise.reject(new Error("must not be called")) } });
  const { revision } = api.store;
  const { code, body } = await api.send("POST", `${triggers}?dryRun=All`, trigger("orders"));
  expect([code, body.metadata.generation, api.store.revision]).toEqual([201, 1, revision]);
  expect((await api.send("GET", `${triggers}/orders`)).code).toBe(404);
});

test("create: the status of beforeCreate is there when the object becomes visible, and afterWrite is awaited", async () => {
  const order: string[] = [];
  await using api = await apiRig({
    hooks: {
      beforeCreate: async (object) => {
        order.push(`before ${object.metadata.name} ${object.metadata.uid === undefined}`);
        return { fromSequence: 41 };
      },
      afterWrite: async (revision) => void order.push(`after ${revision === api.store.revision}`),
    },
  });
  api.store.watch({}, (change) => void order.push(`${change.kind} ${JSON.stringify(change.entry.status)}`));
  const { body } = await api.send("POST", triggers, trigger("orders"));
  expect(order).toEqual(["before orders false", 'ADDED {"fromSequence":41}', "after true"]);
  expect(body.status).toEqual({ fromSequence: 41 });
});

test("update: keeps the system fields, and raises the generation only when the spec changes", async () => {
  await using api = await apiRig();
  const { body: first } = await api.send("POST", triggers, trigger("orders"));
  const labelled = {
    ...first,
    metadata: { ...first.metadata, labels: { a: "b" }, creationTimestamp: "2000-01-01T00:00:00Z" },
  };
  const { code, body: second } = await api.send("PUT", `${triggers}/orders`, labelled);
  expect([code, second.metadata.generation, second.metadata.creationTimestamp]).toEqual([
    200,
    1,
    first.metadata.creationTimestamp,
  ]);
  const changed = { ...second, spec: { ...second.spec, filters: [{ exact: { type: "a" } }] } };
  const { body: third } = await api.send("PUT", `${triggers}/orders`, changed);
  expect([third.metadata.generation, third.metadata.uid]).toEqual([2, first.metadata.uid]);
});

test("update: what changes nothing is not written", async () => {
  await using api = await apiRig();
  const { body: first } = await api.send("POST", triggers, trigger("orders"));
  const { body } = await api.send("PUT", `${triggers}/orders`, first);
  const patched = await api.send("PATCH", `${triggers}/orders`, { metadata: { labels: {} } }, mergePatch);
  expect(body.metadata.resourceVersion).toBe(first.metadata.resourceVersion);
  expect([patched.code, String(api.store.revision)]).toEqual([200, first.metadata.resourceVersion]);
});

test("update: a stale resourceVersion is 409 Conflict, a missing one 422, another uid 409", async () => {
  await using api = await apiRig();
  const { body: first } = await api.send("POST", triggers, trigger("orders"));
  const next = (spec: object, metadata = first.metadata) => ({ ...first, metadata, spec: { ...first.spec, ...spec } });
  await api.send("PUT", `${triggers}/orders`, next({ filters: [{ exact: { type: "a" } }] }));
  const stale = await api.send("PUT", `${triggers}/orders`, next({ filters: [{ exact: { type: "b" } }] }));
  expect([stale.code, stale.body.reason]).toEqual([409, "Conflict"]);
  expect(stale.body.message).toMatch(
    /^Operation cannot be fulfilled on triggers\.eventing\.knative\.dev "orders": the object has been modified/,
  );
  const missing = await api.send("PUT", `${triggers}/orders`, trigger("orders"));
  expect([missing.code, missing.body.message]).toEqual([
    422,
    'Trigger.eventing.knative.dev "orders" is invalid: metadata.resourceVersion: Invalid value: 0x0: must be specified for an update',
  ]);
  const present = (await api.send("GET", `${triggers}/orders`)).body;
  const foreign = await api.send("PUT", `${triggers}/orders`, {
    ...present,
    metadata: { ...present.metadata, uid: "x" },
  });
  expect(foreign.body.message).toContain("Precondition failed: UID in precondition: x");
});

test("update: an immutable field is 422", async () => {
  await using api = await apiRig();
  await api.send("POST", triggers, trigger("orders"));
  const { code, body } = await api.send("PATCH", `${triggers}/orders`, { spec: { broker: "other" } }, mergePatch);
  expect([code, body.details.causes[0].field]).toEqual([422, "spec.broker"]);
});

test("update: a status write between read and PUT is no conflict, and the status stays", async () => {
  await using api = await apiRig();
  const { body: first } = await api.send("POST", triggers, trigger("orders"));
  const id = { group: "eventing.knative.dev", plural: "triggers", namespace: "default", name: "orders" };
  await api.store.updateStatus(id, first.metadata.uid, () => ({ observedGeneration: 1 }));
  const put = { ...first, metadata: { ...first.metadata, labels: { a: "b" } }, status: { observedGeneration: 7 } };
  const { code, body } = await api.send("PUT", `${triggers}/orders`, put);
  expect([code, body.status]).toEqual([200, { observedGeneration: 1 }]);
  expect((await api.send("GET", `${triggers}/orders/status`)).body.status).toEqual({ observedGeneration: 1 });
});

test("patch: merges, removes by null, and refuses other patch types with what it takes", async () => {
  await using api = await apiRig();
  await api.send("POST", triggers, trigger("orders", {}, { labels: { a: "1", b: "2" } }));
  const patch = { metadata: { labels: { a: null, c: "3" } } };
  const { code, body } = await api.send("PATCH", `${triggers}/orders`, patch, mergePatch);
  expect([code, body.metadata.labels]).toEqual([200, { b: "2", c: "3", "eventing.knative.dev/broker": "default" }]);
  const strategic = { "content-type": "application/strategic-merge-patch+json" };
  const refused = await api.send("PATCH", `${triggers}/orders`, patch, strategic);
  expect([refused.code, refused.body.message]).toEqual([
    415,
    "the body of the request was in an unknown format - accepted media types include: application/merge-patch+json",
  ]);
});

test("patch: with a resourceVersion it is conditional", async () => {
  await using api = await apiRig();
  const { body: first } = await api.send("POST", triggers, trigger("orders"));
  const patch = (label: string) => ({
    metadata: { labels: { label }, resourceVersion: first.metadata.resourceVersion },
  });
  expect((await api.send("PATCH", `${triggers}/orders`, patch("a"), mergePatch)).code).toBe(200);
  expect((await api.send("PATCH", `${triggers}/orders`, patch("b"), mergePatch)).code).toBe(409);
});

test("patch: thirty at once without a resourceVersion are all applied", async () => {
  await using api = await apiRig();
  await api.send("POST", triggers, trigger("orders"));
  const answers = await Promise.all(
    Array.from({ length: 30 }, (_, n) =>
      api.send("PATCH", `${triggers}/orders`, { metadata: { labels: { [`l${n}`]: "x" } } }, mergePatch),
    ),
  );
  expect(answers.every((answer) => answer.code === 200)).toBe(true);
  const { body } = await api.send("GET", `${triggers}/orders`);
  expect(Object.keys(body.metadata.labels).filter((label) => /^l\d+$/.test(label))).toHaveLength(30);
});

test("delete: answers Success with the uid, and tells what went with it", async () => {
  const afterDelete = async () => ["3 events of its backlog were removed"];
  await using api = await apiRig({ hooks: { afterDelete } });
  const { body: first } = await api.send("POST", triggers, trigger("orders"));
  const { code, headers, body } = await api.send("DELETE", `${triggers}/orders`, { propagationPolicy: "Background" });
  const message = "3 events of its backlog were removed";
  expect([code, headers.warning]).toEqual([200, [`299 - "${message}"`]]);
  expect(body).toEqual({
    kind: "Status",
    apiVersion: "v1",
    metadata: {},
    status: "Success",
    details: {
      name: "orders",
      group: "eventing.knative.dev",
      kind: "triggers",
      uid: first.metadata.uid,
      causes: [{ reason: "AlsoRemoved", message }],
    },
  });
  const gone = await api.send("DELETE", `${triggers}/orders`);
  expect([gone.code, gone.body.message]).toEqual([404, 'triggers.eventing.knative.dev "orders" not found']);
  expect(gone.body.details).toEqual({ name: "orders", group: "eventing.knative.dev", kind: "triggers" });
});

test("delete: preconditions and dryRun are kept", async () => {
  await using api = await apiRig();
  const { body: first } = await api.send("POST", triggers, trigger("orders"));
  const wrong = await api.send("DELETE", `${triggers}/orders`, { preconditions: { uid: "x" } });
  expect([wrong.code, wrong.body.reason]).toEqual([409, "Conflict"]);
  expect((await api.send("DELETE", `${triggers}/orders`, { dryRun: ["All"] })).code).toBe(200);
  expect((await api.send("DELETE", `${triggers}/orders?dryRun=All`)).code).toBe(200);
  expect((await api.send("GET", `${triggers}/orders`)).code).toBe(200);
  const right = { preconditions: { uid: first.metadata.uid, resourceVersion: first.metadata.resourceVersion } };
  expect((await api.send("DELETE", `${triggers}/orders`, right)).code).toBe(200);
});

test("delete: an object with finalizers is marked, and goes with the write that takes the last one", async () => {
  const gone: string[] = [];
  await using api = await apiRig({
    hooks: {
      afterDelete: async (object) => {
        gone.push(object.metadata.name);
        return [];
      },
    },
  });
  await api.send("POST", triggers, trigger("orders", {}, { finalizers: ["example.com/wait"] }));
  const marked = await api.send("DELETE", `${triggers}/orders`);
  expect([marked.code, marked.body.metadata.deletionTimestamp, gone]).toEqual([200, "2026-01-01T00:00:00Z", []]);
  const again = await api.send("DELETE", `${triggers}/orders`);
  expect(again.body.metadata.resourceVersion).toBe(marked.body.metadata.resourceVersion);
  const patch = { metadata: { finalizers: null, deletionTimestamp: null } };
  expect((await api.send("PATCH", `${triggers}/orders`, patch, mergePatch)).code).toBe(200);
  expect([(await api.send("GET", `${triggers}/orders`)).code, gone]).toEqual([404, ["orders"]]);
});

test("list: items carry apiVersion and kind, and are selected by labels and fields", async () => {
  await using api = await apiRig();
  const other = triggers.replace("/default/", "/other/");
  await api.send("POST", triggers, trigger("a", {}, { labels: { tier: "x", app: "shop" } }));
  await api.send("POST", triggers, trigger("b", { broker: "second" }, { labels: { tier: "y" } }));
  await api.send("POST", other, trigger("c"));
  const names = async (url: string) =>
    (await api.send("GET", url)).body.items.map((item: { metadata: { name: string } }) => item.metadata.name);
  const all = await api.send("GET", "/apis/eventing.knative.dev/v1/triggers?limit=500");
  expect(all.body).toMatchObject({ kind: "TriggerList", metadata: { resourceVersion: String(api.store.revision) } });
  expect(all.body.items).toHaveLength(3);
  expect(all.body.items[0]).toMatchObject({ apiVersion: "eventing.knative.dev/v1", kind: "Trigger" });
  expect(await names(`${triggers}?labelSelector=tier+in+(x,z),app%3Dshop`)).toEqual(["a"]);
  expect(await names(`${triggers}?labelSelector=!app`)).toEqual(["b"]);
  expect(await names(`${triggers}?fieldSelector=metadata.name%3Db`)).toEqual(["b"]);
  expect(await names(`${triggers}?fieldSelector=spec.broker!%3Dsecond`)).toEqual(["a"]);
  const refused = await api.send("GET", `${triggers}?fieldSelector=spec.x%3D1`);
  expect([refused.code, refused.body.message]).toEqual([400, "field label not supported: spec.x"]);
});

test("collection: DELETE removes what is selected", async () => {
  await using api = await apiRig();
  for (const name of ["a", "b", "c"]) await api.send("POST", triggers, trigger(name, {}, { labels: { name } }));
  const { code, body } = await api.send("DELETE", `${triggers}?labelSelector=name!%3Db`);
  expect([code, body.items.length]).toEqual([200, 2]);
  expect((await api.send("GET", triggers)).body.items).toHaveLength(1);
});

test("errors: the store away is 503 with Retry-After, and a bug tells nothing of itself", async () => {
  let failure: Error = new StoreFault("STORE_UNAVAILABLE", "no connection", { hint: "repeat" });
  await using api = await apiRig({ hooks: { beforeCreate: () => Promise.reject(failure) } });
  const away = await api.send("POST", triggers, trigger("a"));
  expect([away.code, away.headers["retry-after"], away.body.reason]).toEqual([503, "1", "ServiceUnavailable"]);
  expect(away.body.details.retryAfterSeconds).toBe(1);
  failure = new Error("secret at /some/path");
  const bug = await api.send("POST", triggers, trigger("a"));
  expect([bug.code, bug.body.reason, JSON.stringify(bug.body).includes("secret")]).toEqual([
    500,
    "InternalError",
    false,
  ]);
  expect(api.failures).toEqual([failure]);
});
