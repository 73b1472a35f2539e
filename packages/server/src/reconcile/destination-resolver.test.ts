import { ManualClock } from "@rouse/base";
import { expect, test } from "vitest";
import { MemoryStore } from "../store/memory-store.ts";
import { DestinationResolver } from "./destination-resolver.ts";
import { Objects, types } from "./objects.ts";

const addresses = { dataPlaneUrl: "http://127.0.0.1:8080", adminUrl: "http://127.0.0.1:8081" };

async function resolverWith(...present: { plural: "brokers" | "services"; name: string }[]) {
  const store = new MemoryStore({ clock: new ManualClock() });
  for (const { plural, name } of present) {
    const type = plural === "brokers" ? types.broker : types.service;
    await store.create(
      { ...type, namespace: "shop", name },
      { metadata: { uid: name, name, namespace: "shop" }, spec: {} },
    );
  }
  return new DestinationResolver(new Objects(store), addresses);
}

const service = (name: string) => ({ apiVersion: "serving.knative.dev/v1", kind: "Service", name });
const broker = (name: string) => ({ apiVersion: "eventing.knative.dev/v1", kind: "Broker", name });

test("destination: a URL is posted to as it is", async () => {
  const { target } = (await resolverWith()).resolve({ uri: "https://example.com/in?x=1" }, "shop");
  expect(target).toEqual({ kind: "url", url: "https://example.com/in?x=1" });
});

test.each(["http://127.0.0.1:8081/apis", "http://localhost:8081/", "http://[::1]:8081/"])(
  "destination: %s, our own admin listener, is never posted to",
  async (uri) => {
    const { target } = (await resolverWith()).resolve({ uri }, "shop");
    expect(target).toMatchObject({ kind: "unresolved", reason: expect.stringContaining("admin listener") });
  },
);

test("destination: a Service with a relative uri is that path of the service", async () => {
  const resolved = (await resolverWith({ plural: "services", name: "mail" })).resolve(
    { ref: service("mail"), uri: "/send" },
    "shop",
  );
  expect(resolved.target).toEqual({ kind: "service", namespace: "shop", name: "mail", path: "/send" });
  expect(resolved.uri).toBe("http://mail.shop.svc.rouse.internal/send");
});

test("destination: a Broker is its address on the data plane", async () => {
  const { target } = (await resolverWith({ plural: "brokers", name: "audit" })).resolve(
    { ref: broker("audit") },
    "shop",
  );
  expect(target).toEqual({ kind: "url", url: "http://127.0.0.1:8080/shop/audit" });
});

test.each([
  [service("gone"), "service shop/gone does not exist"],
  [broker("gone"), "broker shop/gone does not exist"],
])("destination: what does not exist yet is unresolved, with its name", async (ref, reason) => {
  expect((await resolverWith()).resolve({ ref }, "shop")).toEqual({
    target: { kind: "unresolved", reason },
    uri: undefined,
  });
});

test("destination: the reference's own namespace wins", async () => {
  const resolved = (await resolverWith({ plural: "services", name: "mail" })).resolve(
    { ref: { ...service("mail"), namespace: "shop" } },
    "other",
  );
  expect(resolved.target).toMatchObject({ kind: "service", namespace: "shop" });
});
