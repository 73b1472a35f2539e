import { ManualClock } from "@rouse/base";
import { expect, test } from "vitest";
import { AdminClient } from "../admin/client.ts";
import { testContext } from "../context.testing.ts";
import type { Owned } from "./plan.ts";
import { settled } from "./settle.ts";

const place = { identity: "", namespace: "default", file: "a.yaml", fingerprint: "" };
const broker: Owned = { ...place, kind: "Broker", apiVersion: "eventing.knative.dev/v1", name: "default" };
const service: Owned = { ...place, kind: "Service", apiVersion: "serving.knative.dev/v1", name: "hello" };

type State = readonly [observed: number, ready: string];

/** A server whose broker has the given states one after the other, and goes on with the last. */
function serverWith(states: readonly State[]) {
  let asked = 0;
  const { context, requests } = testContext({
    answer() {
      const [observedGeneration, status] = states[Math.min(asked++, states.length - 1)]!;
      const conditions = [{ type: "Ready", status }];
      return { status: 200, json: { metadata: { generation: 2 }, status: { observedGeneration, conditions } } };
    },
  });
  const client = new AdminClient(context.http, { url: "http://127.0.0.1:1", token: undefined, ca: undefined });
  return { client, requests };
}

async function settle(states: readonly State[], objects: readonly Owned[] = [broker]) {
  const { client, requests } = serverWith(states);
  const clock = new ManualClock();
  const begin = clock.monotonic();
  let over = false;
  const done = settled(client, objects, clock, new AbortController().signal).then(() => {
    over = true;
  });
  while (!over) {
    await clock.advance(20);
    await new Promise((resolve) => setImmediate(resolve));
  }
  await done;
  return { asked: requests.length, tookMs: clock.monotonic() - begin };
}

test("settled: waits until the broker's present generation is taken up, for good or ill", async () => {
  const taken = await settle([
    [1, "True"],
    [2, "Unknown"],
    [2, "False"],
  ]);
  expect(taken.asked).toBe(3);
});

test("settled: gives up after five seconds", async () => {
  const { tookMs } = await settle([[2, "Unknown"]]);
  expect(tookMs).toBeGreaterThanOrEqual(5_000);
  expect(tookMs).toBeLessThan(6_000);
});

test("settled: does not wait for services", async () => {
  expect((await settle([[0, "Unknown"]], [service])).asked).toBe(0);
});
