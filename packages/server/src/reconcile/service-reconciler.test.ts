import { ManualClock } from "@rouse/base";
import type {
  InstanceChange,
  Program,
  ServiceFailure,
  TrafficActivator,
  TrafficShare,
  Workload,
} from "@rouse/serving-client";
import { pino } from "pino";
import { expect, test } from "vitest";
import { SecretFault } from "../secrets/secret-fault.ts";
import { MemoryStore } from "../store/memory-store.ts";
import type { Entry } from "../store/port.ts";
import { types } from "./objects.ts";
import { revisionType } from "./revisions/revision-form.ts";
import { RevisionStore } from "./revisions/revision-store.ts";
import { type HostsPort, ServiceReconciler } from "./service-reconciler.ts";
import { StatusWriter } from "./status-writer.ts";

const id = { ...types.service, namespace: "shop", name: "fn" };
const key = "shop/fn";
const first = `${key}/fn-00001`;
const image = { containers: [{ image: "fn:1" }] };

/** An activator that only remembers what it was asked for. */
class FakeActivator implements Pick<TrafficActivator, "apply" | "remove" | "route" | "wake"> {
  readonly applied = new Map<string, Workload>();
  readonly woken: string[] = [];
  shares: readonly TrafficShare[] = [];
  ready = 0;
  failure: ServiceFailure | undefined;

  apply(workload: Workload): void {
    this.applied.set(workload.key, workload);
  }

  remove(of: string): void {
    this.applied.delete(of);
  }

  route(_service: string, shares: readonly TrafficShare[]): void {
    this.shares = shares;
  }

  wake(of: string): void {
    this.woken.push(of);
  }

  status() {
    return this.applied.size === 0 ? undefined : { instances: { ready: this.ready, frozen: 0 }, failure: this.failure };
  }

  revision() {
    return this.status();
  }
}

/** Hosts of which none can run containers until `engine` is set. */
class FakeHosts implements HostsPort {
  engine = false;
  tell: () => void = () => undefined;

  canRun(program: Program): ReturnType<HostsPort["canRun"]> {
    if (program.kind === "process" || this.engine) return { kind: "yes" };
    return { kind: "no", reason: "EngineUnavailable", message: "no container engine answered; start Docker" };
  }

  onChange(listener: () => void): () => void {
    this.tell = listener;
    return () => undefined;
  }
}

function rig(hosts?: HostsPort, bound: Record<string, string> = {}) {
  const clock = new ManualClock();
  const store = new MemoryStore({ clock });
  const activator = new FakeActivator();
  const statuses = new StatusWriter(store, clock, pino({ level: "silent" }));
  const secrets = {
    textIfAny: async () => {
      throw new SecretFault("SECRET_NOT_FOUND", 'there is no secret "s"');
    },
  };
  const services = new ServiceReconciler({
    store,
    clock,
    activator: activator as unknown as TrafficActivator,
    statuses,
    revisions: new RevisionStore({ store, clock, logger: pino({ level: "silent" }) }),
    settings: { workdirBase: "/base", watch: false, graceMs: 7, platform: "linux" },
    secrets,
    bindings: { environmentOf: () => bound, concern: () => false },
    hosts,
  });
  const apply = async (
    inner: object,
    generation = 1,
    annotations: Record<string, string> = {},
    traffic?: readonly object[],
  ) => {
    const object = {
      apiVersion: "serving.knative.dev/v1",
      kind: "Service",
      metadata: { uid: "u1", name: "fn", namespace: "shop", generation },
      spec: { template: { metadata: { annotations }, spec: inner }, ...(traffic && { traffic }) },
    } as unknown as Entry["object"];
    const present = store.get(id);
    if (present) await store.update(id, object, present.revision);
    else await store.create(id, object);
    await services.apply(store.get(id)!);
    await statuses.settled();
  };
  const notice = async (kind: InstanceChange["kind"], reason?: string, message = "", revision = "fn-00001") => {
    const told = { at: 0, key, revision, instance: `${revision}-1`, kind, message };
    services.noticed({ ...told, ...(reason !== undefined && { reason }) });
    await statuses.settled();
  };
  const status = () => store.get(id)?.status as Record<string, unknown> & { conditions: { type: string }[] };
  const condition = (name: string) => status().conditions.find((each) => each.type === name);
  return { activator, clock, services, statuses, store, apply, notice, status, condition };
}

test("service: an image becomes a workload of a container, and nothing is amiss before it is started", async () => {
  const { activator, apply, condition, status } = rig();
  await apply(image, 3);
  expect(activator.applied.get(`${key}/fn-00003`)).toMatchObject({
    program: { kind: "container", image: "fn:1", pull: "if-not-present" },
    revisionName: "fn-00003",
  });
  expect(condition("Ready")).toMatchObject({ status: "True" });
  expect(status()).toMatchObject({ latestCreatedRevisionName: "fn-00003", observedGeneration: 3 });
  expect(status()).not.toHaveProperty("latestReadyRevisionName");
});

test("service: a failed start is told with its own reason until an instance is ready", async () => {
  const { apply, notice, condition, status } = rig();
  await apply(image);
  await notice("failed", "OutOfMemory", "used more memory than its limit, 6Mi");
  for (const type of ["Ready", "ConfigurationsReady", "RoutesReady"])
    expect(condition(type)).toMatchObject({
      status: "False",
      reason: "OutOfMemory",
      message: "used more memory than its limit, 6Mi",
    });
  await notice("ready");
  expect(condition("Ready")).toMatchObject({ status: "True" });
  expect(status()).toMatchObject({ latestReadyRevisionName: "fn-00001" });
});

test("service: a new form that fails is told, while instances of the old one go on answering", async () => {
  const { activator, apply, notice, condition, status } = rig();
  await apply(image);
  await notice("ready");
  await apply({ containers: [{ image: "fn:2" }] }, 2);
  activator.ready = 1;
  activator.failure = { reason: "ImageMissing", message: "there is no image fn:2", since: 0 };
  await notice("failed", "ImageMissing", "there is no image fn:2", "fn-00002");
  expect(condition("ConfigurationsReady")).toMatchObject({ status: "False", reason: "ImageMissing" });
  expect([condition("RoutesReady"), condition("Ready")]).toMatchObject([{ status: "True" }, { status: "False" }]);
  expect(status()).toMatchObject({ latestCreatedRevisionName: "fn-00002", latestReadyRevisionName: "fn-00001" });
});

test("service: one of several instances that ends after it had served is no failure of the service", async () => {
  const { activator, apply, notice, condition } = rig();
  await apply(image);
  activator.ready = 2;
  await notice("failed", "Exited");
  expect(condition("Ready")).toMatchObject({ status: "True" });
});

test("service: what nobody can run is told at once, goes to the activator all the same, and recovers", async () => {
  const hosts = new FakeHosts();
  const { activator, statuses, apply, condition } = rig(hosts);
  await apply(image);
  const message = "no container engine answered; start Docker";
  expect(condition("Ready")).toMatchObject({ status: "False", reason: "EngineUnavailable", message });
  expect(activator.applied.has(first)).toBe(true);
  hosts.engine = true;
  hosts.tell();
  await statuses.settled();
  expect(condition("Ready")).toMatchObject({ status: "True" });
});

test("service: a missing Secret ends the instances and is said", async () => {
  const { activator, apply, condition } = rig();
  await apply(image);
  const env = [{ name: "A", valueFrom: { secretKeyRef: { name: "s", key: "k" } } }];
  await apply({ containers: [{ image: "fn:1", env }] });
  expect(activator.applied.size).toBe(0);
  expect(condition("Ready")).toMatchObject({ status: "False", reason: "SecretNotFound" });
});

test("service: what cannot be read any more ends the instances and is said", async () => {
  const { activator, apply, condition } = rig();
  await apply(image, 1, { "autoscaling.knative.dev/window": "1s" });
  expect(activator.applied.size).toBe(0);
  expect(condition("Ready")).toMatchObject({
    status: "False",
    reason: "WorkloadInvalid",
    message: expect.stringContaining("window"),
  });
});

test("service: a container that a binding gives a sink shares this machine's network to reach it", async () => {
  const { activator, apply } = rig(undefined, { K_SINK: "http://127.0.0.1:8080/shop/main", K_CE_OVERRIDES: "{}" });
  await apply(image);
  expect(activator.applied.get(first)).toMatchObject({
    program: { network: "host" },
    env: { K_SINK: "http://127.0.0.1:8080/shop/main", K_CE_OVERRIDES: "{}" },
  });
});

test("service: changes of what is not known are left alone, and one that is removed is forgotten", async () => {
  const { activator, services, store, apply, notice, condition } = rig();
  await apply(image);
  await services.remove(store.get(id)!);
  await notice("failed", "Exited");
  expect([activator.applied.size, condition("Ready")]).toMatchObject([0, { status: "True" }]);
});

const other = { containers: [{ image: "fn:2" }] };
const shares = (activator: FakeActivator) => activator.shares.map(({ key: of, percent }) => [of, percent]);

test("revisions: a changed template gets the calls once it was ready, and the one before drains", async () => {
  const { activator, apply, notice, status, store } = rig();
  await apply(image);
  await notice("ready");
  await apply(other, 2);
  expect(shares(activator)).toEqual([
    [first, 100],
    [`${key}/fn-00002`, 0],
  ]);
  expect([activator.woken, [...activator.applied.keys()]]).toEqual([[`${key}/fn-00002`], [first, `${key}/fn-00002`]]);
  await notice("ready", undefined, "", "fn-00002");
  expect(shares(activator)).toEqual([[`${key}/fn-00002`, 100]]);
  expect([...activator.applied.keys()]).toEqual([`${key}/fn-00002`]);
  expect(status()).toMatchObject({
    latestReadyRevisionName: "fn-00002",
    traffic: [{ revisionName: "fn-00002", percent: 100, latestRevision: true }],
  });
  expect(store.list(revisionType).map((each) => each.id.name)).toEqual(["fn-00001", "fn-00002"]);
});

test("revisions: a template that cannot be started leaves the calls where they are, and is tried again", async () => {
  const { activator, apply, clock, condition, notice, store } = rig();
  await apply(image);
  await notice("ready");
  await apply(other, 2);
  await notice("failed", "ExitedBeforeReady", "exited with code 1", "fn-00002");
  expect(shares(activator)[0]).toEqual([first, 100]);
  expect(condition("ConfigurationsReady")).toMatchObject({ status: "False", reason: "ExitedBeforeReady" });
  expect(condition("RoutesReady")).toMatchObject({ status: "True" });
  const [good, bad] = store.list(revisionType).map((each) => each.status?.conditions);
  expect(good).toContainEqual(expect.objectContaining({ type: "Ready", status: "True" }));
  expect(bad).toContainEqual(expect.objectContaining({ type: "Ready", status: "False", reason: "ExitedBeforeReady" }));
  await clock.advance(30_000);
  expect(activator.woken).toEqual([`${key}/fn-00002`, `${key}/fn-00002`]);
});

test("revisions: a template that is to take over is tried for as long as it is, whatever became of the last try", async () => {
  const { activator, apply, clock, notice } = rig();
  await apply(image);
  await notice("ready");
  await apply(other, 2);
  const second = `${key}/fn-00002`;
  // Nothing is told of a try for which there was no place, or that a back-off did not let begin.
  await clock.advance(60_000);
  expect(activator.woken).toEqual([second, second, second]);
  await notice("ready", undefined, "", "fn-00002");
  await clock.advance(60_000);
  expect(activator.woken).toHaveLength(3);
});

test("revisions: a Secret that only an older revision names concerns the Service while calls go to that", async () => {
  const { apply, services, store } = rig();
  const secret = { group: "", plural: "secrets", namespace: "shop", name: "s" };
  const env = [{ name: "A", valueFrom: { secretKeyRef: { name: "s", key: "k" } } }];
  await apply({ containers: [{ image: "fn:1", env }] });
  await apply(other, 2, {}, [{ revisionName: "fn-00001", percent: 100 }]);
  expect(services.dependsOn(store.get(id)!, secret)).toBe(true);
  expect(services.dependsOn(store.get(id)!, { ...secret, name: "other" })).toBe(false);
  await apply(other, 3, {}, [{ revisionName: "fn-00002", percent: 100 }]);
  expect(services.dependsOn(store.get(id)!, secret)).toBe(false);
});

test("revisions: one that was ready in another process takes over here, too", async () => {
  const { activator, apply, notice, status, store } = rig();
  await apply(image);
  await notice("ready");
  await apply(other, 2);
  const { uid } = store.get(id)!;
  await store.updateStatus(id, uid, (present) => ({ ...present, latestReadyRevisionName: "fn-00002" }));
  expect(shares(activator)).toEqual([[`${key}/fn-00002`, 100]]);
  await apply(other, 3);
  expect([shares(activator), status().latestReadyRevisionName]).toEqual([[[`${key}/fn-00002`, 100]], "fn-00002"]);
});

test("revisions: a change that is none of the template's makes no revision", async () => {
  const { apply, store } = rig();
  await apply(image);
  await apply(image, 2);
  expect(store.list(revisionType)).toHaveLength(1);
});

test("revisions: traffic goes to named revisions by percent and by tag, and back", async () => {
  const { activator, apply, condition, notice, status } = rig();
  await apply(image);
  await notice("ready");
  await apply(other, 2);
  await notice("ready", undefined, "", "fn-00002");
  const split = [
    { revisionName: "fn-00001", percent: 90 },
    { latestRevision: true, percent: 10, tag: "next" },
  ];
  await apply(other, 3, {}, split);
  expect(activator.shares).toEqual([
    { key: first, percent: 90, tag: undefined },
    { key: `${key}/fn-00002`, percent: 10, tag: "next" },
  ]);
  expect(activator.applied.get(first)).toMatchObject({ program: { image: "fn:1" }, revisionName: "fn-00001" });
  expect(status()).toMatchObject({
    traffic: [{ revisionName: "fn-00001" }, { tag: "next", url: "http://next-fn.shop.svc.rouse.internal" }],
  });
  await apply(other, 4, {}, [{ revisionName: "fn-00001", percent: 100 }]);
  expect([shares(activator), [...activator.applied.keys()]]).toEqual([[[first, 100]], [first]]);
  await apply(other, 5, {}, [{ revisionName: "fn-00009", percent: 100 }]);
  expect(condition("RoutesReady")).toMatchObject({ status: "False", reason: "RevisionMissing" });
});

test("revisions: they go with their Service", async () => {
  const { apply, services, store } = rig();
  await apply(image);
  await services.remove(store.get(id)!);
  expect(store.list(revisionType)).toEqual([]);
});

test("revisions: a change of traffic alone applies no workload anew", async () => {
  const { activator, apply } = rig();
  await apply(image);
  const before = activator.applied.get(first);
  await apply(image, 2, {}, [{ latestRevision: true, percent: 100, tag: "now" }]);
  expect(activator.applied.get(first)).toBe(before);
});

test("revisions: a template that mends one which could not be started is started at once, for the events that are held", async () => {
  const { activator, apply, notice } = rig();
  await apply(image);
  await notice("failed", "ExitedBeforeReady", "exited with code 1");
  expect(activator.woken).toEqual([]);
  await apply(other, 2);
  expect([shares(activator), activator.woken]).toEqual([[[`${key}/fn-00002`, 100]], [key]]);
});
