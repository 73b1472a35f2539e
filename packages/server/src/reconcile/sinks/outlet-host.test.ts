import { ManualClock } from "@rouse/base";
import { kafkaSinkKind, type ResourceObject } from "@rouse/resources";
import type { Outlet, OutletStatus, SendAnswer } from "@rouse/sources";
import { pino } from "pino";
import { expect, test } from "vitest";
import { MemoryStore } from "../../store/memory-store.ts";
import type { Entry } from "../../store/port.ts";
import { StatusWriter } from "../status-writer.ts";
import { OutletHost } from "./outlet-host.ts";

const { group, plural } = kafkaSinkKind;
const id = { group, plural, namespace: "shop", name: "out" };

class TellingOutlet implements Outlet {
  trouble: OutletStatus["trouble"];
  mayClose: Promise<void> = Promise.resolve();
  closed = false;
  readonly changed: () => void;

  constructor(changed: () => void) {
    this.changed = changed;
  }

  async send(): Promise<SendAnswer> {
    return { kind: "stored" };
  }

  status(): OutletStatus {
    return { connected: true, trouble: this.trouble };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.mayClose;
    this.closed = true;
    this.trouble = { at: 0, message: "it was closed" };
    this.changed();
  }
}

function rig() {
  const clock = new ManualClock();
  const store = new MemoryStore({ clock });
  const logger = pino({ level: "silent" });
  const statuses = new StatusWriter(store, clock, logger);
  const addresses = { dataPlaneUrl: "http://127.0.0.1:8080", adminUrl: "http://127.0.0.1:8081" };
  const made: TellingOutlet[] = [];
  const host = new OutletHost<ResourceObject<{ readonly topic: string }>, object>(
    {
      definition: kafkaSinkKind as never,
      define: async (entry, { spec }) => ({ uid: entry.uid, topic: spec.topic }),
      open: (_definition, changed) => {
        const outlet = new TellingOutlet(changed);
        made.push(outlet);
        return outlet;
      },
    },
    { statuses, addresses, clock, logger },
  );
  const put = async (topic: string, generation: number) => {
    const object = {
      apiVersion: "eventing.knative.dev/v1alpha1",
      kind: "KafkaSink",
      metadata: { uid: "u1", name: "out", namespace: "shop", generation, labels: { generation: `${generation}` } },
      spec: { topic },
    } as unknown as Entry["object"];
    const present = store.get(id);
    if (present) await store.update(id, object, present.revision);
    else await store.create(id, object);
    return store.get(id)!;
  };
  const status = async () => {
    await statuses.settled();
    return store.get(id)?.status as { observedGeneration: number; lastError?: { message: string } };
  };
  return { clock, store, host, made, put, status };
}

test("outlet host: what a sink tells later is told of the object as it is by then", async () => {
  const { host, made, put, status } = rig();
  await host.apply(await put("t", 1));
  await host.apply(await put("t", 2));
  expect([made.length, (await status()).observedGeneration]).toEqual([1, 2]);
  made[0]!.trouble = { at: 0, message: "away" };
  made[0]!.changed();
  expect(await status()).toMatchObject({ observedGeneration: 2, lastError: { message: "away" } });
  await host.closeAll();
});

test("outlet host: one that is slow to close holds nothing up, and tells nothing of the one after it", async () => {
  const { host, made, put, status, store } = rig();
  await host.apply(await put("t", 1));
  let mayClose: () => void = () => undefined;
  made[0]!.mayClose = new Promise((resolve) => {
    mayClose = resolve;
  });
  const next = await put("u", 2);
  await host.apply(next);
  expect([made.length, made[0]!.closed]).toEqual([2, false]);
  const closing = host.closeAll();
  mayClose();
  await closing;
  expect([made[0]!.closed, made[1]!.closed]).toEqual([true, true]);
  expect((await status()).lastError).toBeUndefined();
  await store.remove(id);
});
