import { expect, test } from "vitest";
import { apiRig, trigger, triggers } from "./admin-api.testing.ts";
import { parsePath } from "./path.ts";

test("path: items, collections, subresources and namespaces are told apart", () => {
  const group = { kind: "objects", group: "eventing.knative.dev", version: "v1", plural: "triggers" };
  const root = "/apis/eventing.knative.dev/v1";
  expect(parsePath(`${root}/triggers`)).toEqual({
    ...group,
    namespace: undefined,
    name: undefined,
    subresource: undefined,
  });
  expect(parsePath(`${root}/namespaces/a/triggers`)).toMatchObject({ namespace: "a", name: undefined });
  expect(parsePath(`${root}/namespaces/a/triggers/x/status`)).toMatchObject({ name: "x", subresource: "status" });
  expect(parsePath("/api/v1/namespaces/x")).toEqual({ kind: "namespaces", name: "x" });
  expect(parsePath("/api/v1/namespaces/x/secrets")).toMatchObject({ group: "", plural: "secrets", namespace: "x" });
});

test("path: what cannot be an address is none", () => {
  const root = "/apis/eventing.knative.dev/v1";
  const odd = [
    `${root}//triggers`,
    `${root}/namespaces/a.b/triggers`,
    `${root}/namespaces/..%2F/triggers`,
    "/apis/%zz",
  ];
  expect(
    [...odd, `${root}/namespaces/a`, `${root}/triggers/x`, `${root}/namespaces/a/triggers/b/c/d`].map(parsePath),
  ).toEqual(Array(7).fill(undefined));
});

test("discovery: lists groups and resources with what can be done to them", async () => {
  await using api = await apiRig();
  const get = async (url: string) => (await api.send("GET", url)).body;
  expect(await get("/api")).toMatchObject({ kind: "APIVersions", versions: ["v1"] });
  const groups = (await get("/apis")).groups;
  expect(groups.find((group: { name: string }) => group.name === "eventing.knative.dev")).toEqual({
    name: "eventing.knative.dev",
    versions: [
      { groupVersion: "eventing.knative.dev/v1", version: "v1" },
      { groupVersion: "eventing.knative.dev/v1alpha1", version: "v1alpha1" },
    ],
    preferredVersion: { groupVersion: "eventing.knative.dev/v1", version: "v1" },
  });
  expect((await get("/apis/eventing.knative.dev")).kind).toBe("APIGroup");
  const { groupVersion, resources } = await get("/apis/eventing.knative.dev/v1");
  const names = resources.map((resource: { name: string }) => resource.name);
  expect([groupVersion, names.includes("triggers"), names.includes("triggers/status")]).toEqual([
    "eventing.knative.dev/v1",
    true,
    true,
  ]);
  expect((await get("/api/v1")).resources[0]).toMatchObject({ name: "namespaces", verbs: ["get", "list"] });
  expect((await get("/version")).gitVersion).toBe("v1.33.0+rouse.0.1.0");
});

test("namespaces: exist when used", async () => {
  await using api = await apiRig();
  await api.send("POST", triggers.replace("/default/", "/shop/"), trigger("a"));
  const { body } = await api.send("GET", "/api/v1/namespaces");
  expect(body.items.map((item: { metadata: { name: string } }) => item.metadata.name)).toEqual(["default", "shop"]);
  expect((await api.send("GET", "/api/v1/namespaces/anything")).body.status).toEqual({ phase: "Active" });
});

test("unknown paths, kinds and methods are Status objects", async () => {
  await using api = await apiRig();
  const missing = await api.send("GET", "/apis/eventing.knative.dev/v1/namespaces/default/triggrs");
  expect([missing.code, missing.body.message]).toEqual([404, "the server could not find the requested resource"]);
  expect((await api.send("GET", "/nowhere")).body.kind).toBe("Status");
  expect((await api.send("GET", "/apis/unknown.example")).code).toBe(404);
  expect((await api.send("GET", "/apis/%zz")).body).toMatchObject({ kind: "Status", code: 400 });
  const method = await api.send("PUT", triggers, {});
  expect([method.code, method.body.reason]).toEqual([405, "MethodNotAllowed"]);
  expect((await api.send("POST", "/apis", {})).code).toBe(405);
});

test("bodies: what is larger than the limit is 413", async () => {
  await using api = await apiRig();
  const { code, body } = await api.send("POST", triggers, JSON.stringify({ text: "x".repeat(4 * 1024 * 1024) }));
  expect([code, body.reason]).toEqual([413, "RequestEntityTooLarge"]);
});
