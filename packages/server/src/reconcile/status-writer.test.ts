import { ManualClock } from "@rouse/base";
import { livingSet } from "@rouse/resources";
import { pino } from "pino";
import { expect, test } from "vitest";
import { MemoryStore } from "../store/memory-store.ts";
import { types } from "./objects.ts";
import { fails, holds, StatusWriter } from "./status-writer.ts";

const conditionSet = livingSet("BrokerReady", "SubscriberResolved");
const id = { ...types.trigger, namespace: "shop", name: "orders" };

async function writer() {
  const clock = new ManualClock();
  const store = new MemoryStore({ clock });
  await store.create(id, { metadata: { uid: "u1", name: "orders", namespace: "shop", generation: 3 }, spec: {} });
  const entry = store.get(id)!;
  return { clock, store, entry, statuses: new StatusWriter(store, clock, pino({ level: "silent" })) };
}

test("status: conditions, fields and the observed generation are written, Ready is derived", async () => {
  const { store, entry, statuses } = await writer();
  const conditions = [
    holds("BrokerReady"),
    fails("SubscriberResolved", "SubscriberNotFound", "service shop/x does not exist"),
  ];
  statuses.report(entry, { conditionSet, conditions, fields: { subscriberUri: undefined } });
  await statuses.settled();
  const status = store.get(id)?.status as {
    observedGeneration: number;
    conditions: { type: string; status: string; message?: string }[];
  };
  expect(status.observedGeneration).toBe(3);
  expect(status.conditions.find((each) => each.type === "Ready")).toMatchObject({
    status: "False",
    message: "service shop/x does not exist",
  });
});

test("status: a report that changes nothing writes nothing", async () => {
  const { clock, store, entry, statuses } = await writer();
  const report = { conditionSet, conditions: [holds("BrokerReady"), holds("SubscriberResolved")], fields: { a: 1 } };
  statuses.report(entry, report);
  await statuses.settled();
  const { revision } = store.get(id)!;
  await clock.advance(60_000);
  statuses.report(entry, report);
  await statuses.settled();
  expect(store.get(id)?.revision).toBe(revision);
});

test("status: of several reports at once the newest wins, and fields not named stay", async () => {
  const { store, entry, statuses } = await writer();
  await store.updateStatus(id, "u1", () => ({ fromSequence: 7 }));
  for (const n of [1, 2, 3]) statuses.report(entry, { conditionSet, conditions: [], fields: { n } });
  await statuses.settled();
  expect(store.get(id)?.status).toMatchObject({ fromSequence: 7, n: 3 });
});

test("status: of an object that is gone nothing is written and nothing fails", async () => {
  const { store, entry, statuses } = await writer();
  await store.remove(id);
  statuses.report(entry, { conditionSet, conditions: [], fields: {} });
  await statuses.settled();
  expect(store.get(id)).toBeUndefined();
});
