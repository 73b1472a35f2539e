import { ManualClock } from "@rouse/base";
import type { ServiceObject } from "@rouse/resources";
import { pino } from "pino";
import { expect, test } from "vitest";
import { MemoryStore } from "../../store/memory-store.ts";
import { DestinationResolver } from "../destination-resolver.ts";
import { Objects, objectOf, types } from "../objects.ts";
import type { OpenBrokers } from "../open-brokers.ts";
import { StatusWriter } from "../status-writer.ts";
import { ChildSinks } from "./child-sinks.ts";
import { SinkBindingReconciler } from "./sink-binding-reconciler.ts";
import { SinkBindings, sinkBindingType } from "./sink-bindings.ts";

const toBroker = { ref: { apiVersion: "eventing.knative.dev/v1", kind: "Broker", name: "main" } };
const toUrl = { uri: "https://example.com/in" };

async function rig() {
  const clock = new ManualClock();
  const store = new MemoryStore({ clock });
  const addresses = { dataPlaneUrl: "http://127.0.0.1:8080", adminUrl: "http://127.0.0.1:8081" };
  const objects = new Objects(store);
  const brokers = {
    openInternal: async () => undefined,
    matcher: () => ({ put: () => undefined, remove: () => undefined }),
  } as unknown as OpenBrokers;
  const resolver = new DestinationResolver(objects, addresses);
  const sinks = new ChildSinks({
    brokers,
    resolver,
    addresses,
    clock,
    secrets: { all: async () => new Map() },
    redact: (text) => text,
    changed: () => undefined,
  });
  const bindings = new SinkBindings(objects, sinks);
  const statuses = new StatusWriter(store, clock, pino({ level: "silent" }));
  const reconciler = new SinkBindingReconciler({ objects, bindings, sinks, statuses });
  const service = async (name: string, labels: Record<string, string> = {}) => {
    const apiVersion = "serving.knative.dev/v1";
    const metadata = { uid: name, name, namespace: "shop", labels };
    const id = { ...types.service, namespace: "shop", name };
    await store.create(id, { apiVersion, kind: "Service", metadata, spec: {} });
    return objectOf<ServiceObject>(store.get(id)!);
  };
  const broker = (name: string) =>
    store.create(
      { ...types.broker, namespace: "shop", name },
      { metadata: { uid: name, name, namespace: "shop" }, spec: {} },
    );
  const bind = async (name: string, subject: object, more: object = { sink: toBroker }) => {
    const id = { ...sinkBindingType, namespace: "shop", name };
    const own = { apiVersion: "serving.knative.dev/v1", kind: "Service", namespace: "shop", ...subject };
    const metadata = { uid: name, name, namespace: "shop" };
    await store.create(id, { metadata, spec: { subject: own, ...more } } as never);
    return store.get(id)!;
  };
  const conditionOf = async (name: string, type: string) => {
    const id = { ...sinkBindingType, namespace: "shop", name };
    await reconciler.apply(store.get(id)!);
    await statuses.settled();
    const status = store.get(id)?.status as { conditions: { type: string; status: string; message?: string }[] };
    return status.conditions.find((each) => each.type === type);
  };
  return { bindings, reconciler, sinks, service, broker, bind, conditionOf };
}

test("sink bindings: a Service that is named gets the address of the broker, once there is one", async () => {
  const { bindings, service, broker, bind, conditionOf } = await rig();
  const [feed, other] = [await service("feed"), await service("other")];
  await bind("b", { name: "feed" }, { sink: toBroker, ceOverrides: { extensions: { team: "blue" } } });
  expect(bindings.environmentOf(feed)).toEqual({});
  expect(await conditionOf("b", "Ready")).toMatchObject({
    status: "False",
    message: "broker shop/main does not exist",
  });
  await broker("main");
  expect(bindings.environmentOf(feed)).toEqual({
    K_SINK: "http://127.0.0.1:8080/shop/main",
    K_CE_OVERRIDES: '{"extensions":{"team":"blue"}}',
  });
  expect(bindings.environmentOf(other)).toEqual({});
  expect(await conditionOf("b", "Ready")).toMatchObject({ status: "True" });
});

test("sink bindings: labels choose Services; a sink that is no broker is reached through an inlet", async () => {
  const { bindings, sinks, service, bind, conditionOf } = await rig();
  const feed = await service("feed", { app: "feed", tier: "1" });
  await bind("b", { selector: { matchLabels: { app: "feed" } } }, { sink: toUrl });
  expect(bindings.environmentOf(feed).K_SINK).toBe("http://127.0.0.1:8080/-/sources/shop/sinkbindings/b");
  expect(await conditionOf("b", "SubjectBound")).toMatchObject({ status: "True" });
  expect(sinks.find("sinkbindings", "shop", "b")).toBeDefined();
});

test("sink bindings: a subject that does not exist, and one that is bound already, are said", async () => {
  const { bindings, reconciler, service, bind, conditionOf } = await rig();
  const late = await bind("late", { name: "feed" }, { sink: toUrl });
  await bind("labels", { selector: { matchLabels: { a: "b" } } }, { sink: toUrl });
  expect(await conditionOf("late", "SubjectBound")).toMatchObject({
    message: "there is no service called feed in namespace shop",
  });
  expect(await conditionOf("labels", "SubjectBound")).toMatchObject({
    message: "there is no service with the labels a=b in namespace shop",
  });
  const feed = await service("feed");
  expect(reconciler.dependsOn(late, { ...types.service, namespace: "shop", name: "feed" })).toBe(true);
  await bind("early", { name: "feed" }, { sink: toUrl });
  expect(bindings.of(feed)?.entry.id.name).toBe("early");
  expect(await conditionOf("late", "SubjectBound")).toMatchObject({
    message: "service feed is bound by sinkbinding early already",
  });
});

test("sink bindings: a Service is concerned by bindings of its namespace, and by what its binding's sink names", async () => {
  const { bindings, service, bind } = await rig();
  const feed = await service("feed");
  const id = (namespace: string) => ({ ...sinkBindingType, namespace, name: "b" });
  const main = { ...types.broker, namespace: "shop", name: "main" };
  expect([bindings.concern(feed, id("shop")), bindings.concern(feed, id("other"))]).toEqual([true, false]);
  expect(bindings.concern(feed, main)).toBe(false);
  await bind("b", { name: "feed" });
  expect(bindings.concern(feed, main)).toBe(true);
  expect(bindings.concern(feed, { ...main, name: "other" })).toBe(false);
});
