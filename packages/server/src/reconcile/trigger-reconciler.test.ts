import { type TriggerObject, triggerKind } from "@rouse/resources";
import type { ServiceFailure, WorkloadStatus } from "@rouse/serving-client";
import type { Subscription } from "@rouse/triggers";
import { expect, test } from "vitest";
import { statusOf } from "../observe/workload-status.testing.ts";
import type { Entry } from "../store/port.ts";
import type { StatusReport } from "./status-writer.ts";
import { type TriggerPorts, TriggerReconciler } from "./trigger-reconciler.ts";

const failure: ServiceFailure = { reason: "ImageMissing", message: "there is no image mail:2", since: 0 };

/** A reconciler whose Triggers' subscriber resolves to `target`, and what it makes of them. */
function setUp(target: Subscription["subscriber"] = { kind: "service", namespace: "shop", name: "mail", path: "/" }) {
  const reports: StatusReport[] = [];
  const subscriptions: Subscription[] = [];
  const state: { failure: ServiceFailure | undefined; target: Subscription["subscriber"] } = {
    failure: undefined,
    target,
  };
  const ports = {
    objects: { broker: () => ({ spec: {} }) },
    brokers: { matcher: () => ({ put: (one: Subscription) => subscriptions.push(one), remove: () => true }) },
    resolver: { resolve: () => ({ target: state.target, uri: "http://mail.shop.svc.rouse.internal/" }) },
    statuses: { report: (_entry: Entry, report: StatusReport) => reports.push(report) },
    secrets: { all: async () => new Map() },
    urls: { setLimit: () => {} },
    changed: () => {},
    activator: { status: (): WorkloadStatus => statusOf({ failure: state.failure }) },
  };
  const reconciler = new TriggerReconciler(ports as unknown as TriggerPorts);
  const told = () => reports.at(-1)?.conditions.find(({ type }) => type === "SubscriberReady");
  return { reconciler, reports, state, subscriptions, told };
}

function triggerEntry(change: { annotations?: Record<string, string>; status?: TriggerObject["status"] } = {}): Entry {
  const { status, annotations } = change;
  const metadata = { name: "orders", namespace: "shop", uid: "u", generation: 1, annotations };
  const object = { metadata, spec: { broker: "default", subscriber: { uri: "http://example.test/" } } };
  return { id: { ...triggerKind, namespace: "shop", name: "orders" }, uid: "u", object, status } as unknown as Entry;
}

test("trigger: says when the service it posts to cannot be started, and when it can again", async () => {
  const { reconciler, reports, state, told } = setUp();
  await reconciler.apply(triggerEntry());
  expect(told()).toMatchObject({ status: "True", severity: "Info" });
  state.failure = failure;
  reconciler.noticed({ key: "shop/mail", kind: "failed" });
  expect(told()).toEqual({
    type: "SubscriberReady",
    status: "False",
    severity: "Warning",
    reason: "ImageMissing",
    message: "service shop/mail cannot be started: there is no image mail:2",
  });
  state.failure = undefined;
  reconciler.noticed({ key: "shop/mail", kind: "ready" });
  expect([told()?.status, reports.length]).toEqual(["True", 3]);
});

test("trigger: its own readiness does not depend on the service's", () => {
  expect(triggerKind.conditions.dependents).not.toContain("SubscriberReady");
});

test("trigger: is not reported again while nothing about its service changes", async () => {
  const { reconciler, reports, state } = setUp();
  await reconciler.apply(triggerEntry());
  state.failure = failure;
  for (const kind of ["starting", "failed", "failed", "idle"] as const) reconciler.noticed({ key: "shop/mail", kind });
  reconciler.noticed({ key: "shop/other", kind: "failed" });
  expect(reports).toHaveLength(2);
  reconciler.remove(triggerEntry());
  state.failure = undefined;
  reconciler.noticed({ key: "shop/mail", kind: "ready" });
  expect(reports).toHaveLength(2);
});

test("trigger: one that posts to a URL says nothing of services, but takes back what it said", async () => {
  const { reconciler, told } = setUp({ kind: "url", url: "http://example.test/" });
  await reconciler.apply(triggerEntry());
  expect(told()).toBeUndefined();
  const conditions = [{ type: "SubscriberReady", status: "False" }] as const;
  await reconciler.apply(triggerEntry({ status: { conditions } }));
  expect(told()).toMatchObject({ status: "True", reason: "SubscriberIsNoService" });
});

test("trigger: the slots of a service limit deliveries, unless the annotation does; a URL takes 64", async () => {
  const { reconciler, state, subscriptions } = setUp();
  await reconciler.apply(triggerEntry());
  await reconciler.apply(triggerEntry({ annotations: { "rouse.dev/max-in-flight": "5" } }));
  state.target = { kind: "url", url: "http://example.test/" };
  await reconciler.apply(triggerEntry());
  expect(subscriptions.map(({ maxInFlight }) => maxInFlight)).toEqual([10_000, 5, 64]);
});
