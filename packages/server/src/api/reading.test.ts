import { expect, test } from "vitest";
import { createServiceReading } from "../observe/service-reading.ts";
import { statusOf } from "../observe/workload-status.testing.ts";
import { apiRig, trigger, triggers } from "./admin-api.testing.ts";

test("reading: what is read has the numbers of now in its status, what is stored has not", async () => {
  let asked = 0;
  await using api = await apiRig({ reading: ({ id }) => ({ instances: { of: id.name, asked: ++asked } }) });
  const { body: created } = await api.send("POST", triggers, trigger("orders"));
  expect(created.status).toBeUndefined();
  const revision = api.store.revision;
  const { body } = await api.send("GET", `${triggers}/orders`);
  expect([body.status, body.metadata.resourceVersion]).toEqual([
    { instances: { of: "orders", asked: 1 } },
    created.metadata.resourceVersion,
  ]);
  const { body: list } = await api.send("GET", triggers);
  expect(list.items[0].status).toEqual({ instances: { of: "orders", asked: 2 } });
  const { body: written } = await api.send("PUT", `${triggers}/orders`, body);
  expect([written.status, api.store.revision]).toEqual([undefined, revision]);
});

test("reading: a service tells its instances; other kinds, and services that nobody runs, tell none", () => {
  const status = statusOf({
    instances: { starting: 0, ready: 1, frozen: 0, stopping: 0 },
    leases: { cold: 2, thawed: 0, warm: 5 },
    ownStart: { p50: 128.44, p95: 130 },
    ourStart: { p50: 1.87, p95: 2 },
    instanceSeconds: 61.54,
    failuresByCause: { OutOfMemory: 2 },
  });
  const place = { namespace: "shop", name: "mail" };
  const everywhere = { starting: 1, ready: 4, frozen: 0, stopping: 0 };
  const read = createServiceReading({ status: (key) => (key === "shop/mail" ? status : undefined) });
  const overAll = createServiceReading({ status: () => status, instancesOf: () => everywhere });
  const entry = (id: object) => ({ id }) as Parameters<typeof read>[0];
  const service = { group: "serving.knative.dev", plural: "services", ...place };
  expect(read(entry(service))).toEqual({
    instances: {
      count: status.instances,
      wanted: 0,
      inFlight: 0,
      waiting: 0,
      backlog: 0,
      starts: { cold: 2, thawed: 0, warm: 5, prewarmed: 0 },
      start: { ownMs: 128.4, oursMs: 1.9 },
      seconds: 61.5,
      failures: { OutOfMemory: 2 },
    },
  });
  expect(overAll(entry(service))).toMatchObject({ instances: { count: everywhere } });
  expect(read(entry({ ...service, name: "other" }))).toBeUndefined();
  expect(read(entry({ ...service, group: "eventing.knative.dev", plural: "triggers" }))).toBeUndefined();
});
