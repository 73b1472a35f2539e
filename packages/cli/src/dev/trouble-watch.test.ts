import { ManualClock } from "@rouse/base";
import { expect, test } from "vitest";
import { AdminClient } from "../admin/client.ts";
import { testContext } from "../context.testing.ts";
import type { Owned } from "./plan.ts";
import { watchTroubles } from "./trouble-watch.ts";

const place = { identity: "orders", namespace: "default", file: "a.yaml", fingerprint: "" };
const source: Owned = { ...place, kind: "KafkaSource", apiVersion: "sources.knative.dev/v1", name: "orders" };
const service: Owned = { ...place, kind: "Service", apiVersion: "serving.knative.dev/v1", name: "hello" };

/** Looks once for each of the given messages of the condition Ready; empty is ready. */
async function told(messages: readonly (string | undefined)[], objects: readonly Owned[] = [source], reason?: string) {
  let looks = 0;
  const { context, requests } = testContext({
    answer() {
      const message = messages[looks++];
      if (message === undefined) return { status: 404, json: { message: "not found" } };
      const conditions = [{ type: "Ready", status: message === "" ? "True" : "False", message, reason }];
      return { status: 200, json: { status: { conditions } } };
    },
  });
  const client = new AdminClient(context.http, { url: "http://127.0.0.1:1", token: undefined, ca: undefined });
  const clock = new ManualClock();
  const lines: string[] = [];
  {
    await using _watch = watchTroubles({ client, objects: () => objects, clock, tell: (line) => lines.push(line) });
    for (const _message of messages) {
      await clock.advance(2_000);
      await new Promise((resolve) => setImmediate(resolve));
    }
  }
  expect(clock.timers).toBe(0);
  return { lines, requests };
}

test("troubles: a source that is not ready is told of once, in the server's words, and when it is ready again", async () => {
  const away = "broker mq:9092 refused the connection";
  const { lines } = await told(["", away, away, 'topic "orders" does not exist\nmore', "", ""]);
  expect(lines).toEqual([
    `kafkasource/orders is not ready: ${away}`,
    'kafkasource/orders is not ready: topic "orders" does not exist',
    "kafkasource/orders is ready again",
  ]);
});

test("troubles: one that is ready from the start, or that is gone, is not told of", async () => {
  expect((await told(["", "", undefined])).lines).toEqual([]);
});

test("troubles: what shows by itself that it is not ready is not asked for", async () => {
  const trigger: Owned = { ...place, kind: "Trigger", apiVersion: "eventing.knative.dev/v1", name: "all" };
  const { lines, requests } = await told(["it crashed"], [trigger]);
  expect(lines).toEqual([]);
  expect(requests).toEqual([]);
});

test("troubles: of a Service it is told that nothing here can run it, and not that a start failed", async () => {
  expect((await told(["exited with code 1"], [service])).lines).toEqual([]);
  const none = "no container engine answered";
  expect((await told([none, ""], [service], "NoHost")).lines).toEqual([
    `service/hello is not ready: ${none}`,
    "service/hello is ready again",
  ]);
});
