import { expect, test } from "vitest";
import { apiRig } from "./admin-api.testing.ts";

const path = (version: string) => `/apis/sources.knative.dev/${version}/namespaces/default/kafkasources`;

function source(version: string, metadata: object = {}, topics = ["orders"]) {
  return {
    apiVersion: `sources.knative.dev/${version}`,
    kind: "KafkaSource",
    metadata: { name: "orders", ...metadata },
    spec: { bootstrapServers: ["127.0.0.1:9092"], topics, sink: { uri: "http://127.0.0.1:9/" } },
  };
}

test("versions: discovery lists every version of a kind, the preferred one first", async () => {
  await using api = await apiRig();
  const { body: group } = await api.send("GET", "/apis/sources.knative.dev");
  expect(group.preferredVersion.version).toBe("v1");
  expect(group.versions.map(({ version }: { version: string }) => version)).toContain("v1beta1");
  for (const version of ["v1", "v1beta1"]) {
    const { body } = await api.send("GET", `/apis/sources.knative.dev/${version}`);
    expect(body.resources.map(({ name }: { name: string }) => name)).toContain("kafkasources");
  }
  const { body: older } = await api.send("GET", "/apis/sources.knative.dev/v1beta1");
  expect(older.resources.map(({ name }: { name: string }) => name)).not.toContain("pingsources");
});

test("versions: an object is one and the same in every version, and answered in the one that was asked for", async () => {
  await using api = await apiRig();
  const created = await api.send("POST", path("v1beta1"), source("v1beta1"));
  expect([created.code, created.body.apiVersion]).toEqual([201, "sources.knative.dev/v1beta1"]);
  const { body } = await api.send("GET", `${path("v1")}/orders`);
  expect([body.apiVersion, body.metadata.uid]).toEqual(["sources.knative.dev/v1", created.body.metadata.uid]);
  const list = await api.send("GET", path("v1beta1"));
  expect([list.body.apiVersion, list.body.items[0].apiVersion]).toEqual(Array(2).fill("sources.knative.dev/v1beta1"));
  const stored = api.store.list({ plural: "kafkasources" });
  expect(stored.map(({ object }) => object.apiVersion)).toEqual(["sources.knative.dev/v1"]);
  const patched = await api.send(
    "PATCH",
    `${path("v1beta1")}/orders`,
    { spec: { consumers: 3 } },
    { "content-type": "application/merge-patch+json" },
  );
  expect([patched.code, patched.body.apiVersion, patched.body.spec.consumers]).toEqual([
    200,
    "sources.knative.dev/v1beta1",
    3,
  ]);
  const { resourceVersion } = patched.body.metadata;
  const same = await api.send("PUT", `${path("v1")}/orders`, {
    ...patched.body,
    apiVersion: "sources.knative.dev/v1",
  });
  expect([same.code, same.body.metadata.resourceVersion]).toEqual([200, resourceVersion]);
  expect((await api.send("DELETE", `${path("v1beta1")}/orders`)).code).toBe(200);
});

test("versions: a document of another version than the path's is refused", async () => {
  await using api = await apiRig();
  expect((await api.send("POST", path("v1"), source("v1beta1"))).code).toBe(400);
  expect((await api.send("POST", path("v1alpha1"), source("v1alpha1"))).code).toBe(404);
});
