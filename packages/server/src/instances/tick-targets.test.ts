import { internalBroker } from "@rouse/broker";
import { createMatcher, type Subscription } from "@rouse/triggers";
import { expect, test } from "vitest";
import type { OpenBroker } from "../reconcile/open-brokers.ts";
import type { Entry } from "../store/port.ts";
import { createTickTargets } from "./tick-targets.ts";

const at = Date.UTC(2026, 0, 1);

function ping(sink: object): Entry {
  const spec = { schedule: "* * * * *", sink, data: "x", contentType: "text/plain" };
  const id = { group: "sources.knative.dev", plural: "pingsources", namespace: "default", name: "cron" };
  return {
    id,
    uid: "uid-cron",
    object: { spec, metadata: { namespace: "default", name: "cron" } },
    status: undefined,
    objectRevision: 1,
    statusRevision: 1,
  } as unknown as Entry;
}

function subscription(uid: string, change: Partial<Subscription>): Subscription {
  return {
    uid,
    namespace: "default",
    broker: "default",
    name: uid,
    generation: 1,
    fromSequence: 0,
    paused: false,
    filter: { kind: "everything" },
    subscriber: { kind: "service", namespace: "default", name: uid, path: "" },
    deadLetterSink: undefined,
    policy: {},
    breaker: undefined,
    maxInFlight: 64,
    discardReplies: false,
    headers: undefined,
    ...change,
  } as unknown as Subscription;
}

function targets(entry: Entry, off: readonly string[] = []) {
  const matchers = { default: createMatcher(), [internalBroker]: createMatcher() };
  const made = createTickTargets({
    objects: { all: () => [entry] },
    brokers: {
      find: (_namespace, name) => (name in matchers ? ({} as OpenBroker) : undefined),
      matcher: (_namespace, name) => matchers[name as keyof typeof matchers],
    },
    nextTick: () => at,
    prewarms: (key) => !off.includes(key),
  });
  const woken = () => [...made.pings()].flatMap((each) => made.servicesOf(each, at)).sort();
  return { matchers, woken };
}

test("tick targets: a tick wakes the services whose triggers take its event, but for paused ones and those that opted out", () => {
  const entry = ping({ ref: { kind: "Broker", name: "default", apiVersion: "eventing.knative.dev/v1" } });
  const { matchers, woken } = targets(entry, ["default/off"]);
  const type = (value: string) => ({ kind: "exact", pairs: { type: value } }) as const;
  matchers.default.put(subscription("all", {}));
  matchers.default.put(subscription("pings", { filter: type("dev.knative.sources.ping") }));
  matchers.default.put(subscription("others", { filter: type("com.example") }));
  matchers.default.put(subscription("paused", { paused: true }));
  matchers.default.put(subscription("off", {}));
  matchers.default.put(subscription("url", { subscriber: { kind: "url", url: "http://127.0.0.1:1" } }));
  expect(woken()).toEqual(["default/all", "default/pings"]);
});

test("tick targets: a source whose sink is a service wakes that one, by its own implicit trigger", () => {
  const entry = ping({ ref: { kind: "Service", name: "hello", apiVersion: "serving.knative.dev/v1" } });
  const { matchers, woken } = targets(entry);
  const hello = { kind: "service", namespace: "default", name: "hello", path: "" } as const;
  matchers[internalBroker].put(subscription("uid-cron", { subscriber: hello }));
  matchers[internalBroker].put(subscription("uid-other", {}));
  expect(woken()).toEqual(["default/hello"]);
});

test("tick targets: a source whose broker is not there wakes nobody", () => {
  const entry = ping({ ref: { kind: "Broker", name: "missing", apiVersion: "eventing.knative.dev/v1" } });
  expect(targets(entry).woken()).toEqual([]);
});
