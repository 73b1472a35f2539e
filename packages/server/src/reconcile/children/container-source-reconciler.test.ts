import { ManualClock } from "@rouse/base";
import type { InstanceChange, Keeper, KeptProcess, KeptStatus } from "@rouse/serving-client";
import { pino } from "pino";
import { expect, test } from "vitest";
import { SecretFault } from "../../secrets/secret-fault.ts";
import { MemoryStore } from "../../store/memory-store.ts";
import type { Entry } from "../../store/port.ts";
import { DestinationResolver } from "../destination-resolver.ts";
import { Objects, types } from "../objects.ts";
import type { OpenBrokers } from "../open-brokers.ts";
import { StatusWriter } from "../status-writer.ts";
import { ChildSinks } from "./child-sinks.ts";
import { ContainerSourceReconciler } from "./container-source-reconciler.ts";

const type = { group: "sources.knative.dev", plural: "containersources" };
const id = { ...type, namespace: "shop", name: "feed" };
const key = "containersources/shop/feed";
const toBroker = { ref: { apiVersion: "eventing.knative.dev/v1", kind: "Broker", name: "main" } };
const toService = { ref: { apiVersion: "serving.knative.dev/v1", kind: "Service", name: "mail" } };

/** A keeper that only remembers what it was asked for. */
class FakeKeeper implements Pick<Keeper, "keep" | "release" | "status"> {
  readonly kept = new Map<string, KeptProcess>();
  failure: KeptStatus["failure"];

  keep(process: KeptProcess): void {
    this.kept.set(process.key, process);
  }

  release(released: string): void {
    this.kept.delete(released);
  }

  status(of: string): KeptStatus | undefined {
    if (!this.kept.has(of)) return undefined;
    const { failure } = this;
    return { key: of, phase: "running", handle: "pid 1", restarts: 3, nextStart: undefined, failure };
  }
}

async function rig() {
  const clock = new ManualClock();
  const store = new MemoryStore({ clock });
  const addresses = { dataPlaneUrl: "http://127.0.0.1:8080", adminUrl: "http://127.0.0.1:8081" };
  const routes: string[] = [];
  const appended: unknown[] = [];
  const brokers = {
    openInternal: async () => undefined,
    matcher: () => ({
      put: ({ uid }: { uid: string }) => routes.push(uid),
      remove: (uid: string) => routes.splice(routes.indexOf(uid), 1),
    }),
    find: () => ({
      append: async (_event: unknown, options: unknown) => {
        appended.push(options);
        return { duplicate: false, handle: "shop/_internal/1" };
      },
    }),
  } as unknown as OpenBrokers;
  const resolver = new DestinationResolver(new Objects(store), addresses);
  const sinks = new ChildSinks({
    brokers,
    resolver,
    addresses,
    clock,
    secrets: { all: async () => new Map() },
    redact: (text) => text,
    changed: () => undefined,
  });
  const keeper = new FakeKeeper();
  const statuses = new StatusWriter(store, clock, pino({ level: "silent" }));
  const secrets = {
    textIfAny: async (_namespace: string, reference: { readonly name: string } | undefined) => {
      if (reference?.name === "missing") throw new SecretFault("SECRET_NOT_FOUND", 'there is no secret "missing"');
      return "s3cret";
    },
  };
  const settings = { workdirBase: "/base", watch: true, graceMs: 7, platform: "linux" };
  const sources = new ContainerSourceReconciler({
    store,
    keeper: keeper as unknown as Keeper,
    sinks,
    statuses,
    secrets,
    settings,
  });
  const add = (of: { group: string; plural: string }, name: string) =>
    store.create({ ...of, namespace: "shop", name }, { metadata: { uid: name, name, namespace: "shop" }, spec: {} });
  const apply = async (spec: object, annotations: Record<string, string> = { "rouse.dev/command": "node feed.js" }) => {
    const object = {
      apiVersion: "sources.knative.dev/v1",
      kind: "ContainerSource",
      metadata: { uid: "u1", name: "feed", namespace: "shop", annotations },
      spec: { template: { spec: {} }, ...spec },
    } as unknown as Entry["object"];
    const present = store.get(id);
    if (present) await store.update(id, object, present.revision);
    else await store.create(id, object);
    await sources.apply(store.get(id)!);
    await statuses.settled();
  };
  const condition = (name: string) => {
    const status = store.get(id)?.status as { conditions: { type: string; status: string; message?: string }[] };
    return status.conditions.find((each) => each.type === name);
  };
  return { store, sources, keeper, sinks, statuses, routes, appended, add, apply, condition };
}

test("container source: a process is kept with the broker's address, its overrides and its own environment", async () => {
  const { sources, keeper, add, apply, condition, store, routes } = await rig();
  await add(types.broker, "main");
  const env = [
    { name: "PLAIN", value: "x" },
    { name: "TOKEN", valueFrom: { secretKeyRef: { name: "s", key: "k" } } },
  ];
  const spec = {
    sink: toBroker,
    ceOverrides: { extensions: { team: "blue" } },
    template: { spec: { containers: [{ env }] } },
  };
  await apply(spec, { "rouse.dev/command": "node feed.js", "rouse.dev/workdir": "feeds" });
  expect([keeper.kept.size, condition("ReceiveAdapterReady")?.status]).toEqual([0, "Unknown"]);
  sources.start();
  expect(keeper.kept.get(key)).toEqual({
    key,
    program: { kind: "process", command: ["node", "feed.js"], workdir: "/base/feeds" },
    env: {
      PLAIN: "x",
      TOKEN: "s3cret",
      K_SINK: "http://127.0.0.1:8080/shop/main",
      K_CE_OVERRIDES: '{"extensions":{"team":"blue"}}',
    },
    graceMs: 7,
    watch: true,
  });
  await apply(spec);
  expect([condition("Ready")?.status, routes]).toEqual(["True", []]);
  expect(store.get(id)?.status).toMatchObject({ sinkUri: "http://127.0.0.1:8080/shop/main", restarts: 3 });
});

test("container source: a sink that is no broker is reached through an inlet, until the source is removed", async () => {
  const { sources, keeper, sinks, add, apply, store, routes, appended } = await rig();
  sources.start();
  await add(types.service, "mail");
  await apply({ sink: toService });
  expect(keeper.kept.get(key)?.env).toEqual({
    K_SINK: "http://127.0.0.1:8080/-/sources/shop/containersources/feed",
    K_CE_OVERRIDES: '{"extensions":{}}',
  });
  const event = { attributes: { specversion: "1.0", id: "1", source: "/s", type: "t" }, data: undefined } as const;
  const answer = await sinks.find("containersources", "shop", "feed")?.append(event);
  expect(answer).toMatchObject({ kind: "stored" });
  expect(appended).toEqual([{ addressee: "u1", messageId: expect.stringMatching(/^u1\/[\w-]{32}$/) }]);
  expect(routes).toEqual(["u1"]);
  sources.remove(store.get(id)!);
  expect([keeper.kept.size, sinks.find("containersources", "shop", "feed"), routes]).toEqual([0, undefined, []]);
});

test("container source: nothing is started without a sink, and what runs goes on without it", async () => {
  const { sources, keeper, store, add, apply, condition } = await rig();
  sources.start();
  await apply({ sink: toBroker });
  expect(keeper.kept.size).toBe(0);
  expect(condition("SinkBindingReady")).toMatchObject({ status: "False", message: "broker shop/main does not exist" });
  await add(types.broker, "main");
  expect(sources.dependsOn(store.get(id)!, { ...types.broker, namespace: "shop", name: "main" })).toBe(true);
  await apply({ sink: toBroker });
  expect(keeper.kept.size).toBe(1);
  await store.remove({ ...types.broker, namespace: "shop", name: "main" });
  await apply({ sink: toBroker });
  expect([keeper.kept.size, condition("Ready")?.status]).toEqual([1, "False"]);
});

test("container source: an image is kept as a container that reaches the broker over this machine's network", async () => {
  const { sources, keeper, add, apply, condition } = await rig();
  sources.start();
  await add(types.broker, "main");
  const container = { image: "feed:1", args: ["-v"], resources: { limits: { memory: "64Mi" } } };
  await apply({ sink: toBroker, template: { spec: { containers: [container] } } }, {});
  expect(keeper.kept.get(key)).toMatchObject({
    program: { kind: "container", image: "feed:1", args: ["-v"], memoryBytes: 2 ** 26, network: "host" },
    env: { K_SINK: "http://127.0.0.1:8080/shop/main" },
    watch: false,
  });
  await apply(
    { sink: toBroker, template: { spec: { containers: [container] } } },
    { "rouse.dev/container-network": "bridge" },
  );
  expect(keeper.kept.get(key)).toMatchObject({
    program: { network: "bridge" },
    env: { K_SINK: "http://host.docker.internal:8080/shop/main" },
  });
  expect(condition("Ready")?.status).toBe("True");
});

test("container source: a missing Secret and nothing to run end the process and are said", async () => {
  const { sources, keeper, add, apply, condition } = await rig();
  sources.start();
  await add(types.broker, "main");
  await apply({ sink: toBroker });
  const env = [{ name: "A", valueFrom: { secretKeyRef: { name: "missing", key: "k" } } }];
  await apply({ sink: toBroker, template: { spec: { containers: [{ env }] } } });
  expect(keeper.kept.size).toBe(0);
  expect(condition("ReceiveAdapterReady")).toMatchObject({ status: "False", reason: "SecretNotFound" });
  await apply({ sink: toBroker }, {});
  expect(condition("ReceiveAdapterReady")).toMatchObject({ status: "False", reason: "NothingToRun" });
});

test("container source: a process that ends is told in the condition, and so is its recovery", async () => {
  const { sources, keeper, statuses, add, apply, condition } = await rig();
  sources.start();
  await add(types.broker, "main");
  await apply({ sink: toBroker });
  const change = (kind: InstanceChange["kind"]) => ({ at: 0, key, instance: "feed-1", kind, message: "" });
  keeper.failure = { reason: "Exited", message: "exited with code 3", since: 0 };
  sources.noticed(change("failed"));
  await statuses.settled();
  expect(condition("ReceiveAdapterReady")).toMatchObject({ reason: "Exited", message: "exited with code 3" });
  keeper.failure = undefined;
  sources.noticed(change("ready"));
  sources.noticed({ ...change("failed"), key: "shop/feed" });
  await statuses.settled();
  expect(condition("Ready")?.status).toBe("True");
});
