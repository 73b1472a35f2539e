import { ManualClock } from "@rouse/base";
import { expect, test } from "vitest";
import { MemorySink } from "../memory-sink.testing.ts";
import type { NatsSourceDefinition } from "./definition.ts";
import { createNatsSource } from "./nats-source.ts";

const definition: NatsSourceDefinition = {
  uid: "u",
  namespace: "default",
  name: "n",
  connection: { servers: ["nats://app:secret@127.0.0.1:1"] },
  subject: "orders.>",
  ceOverrides: undefined,
};

function rig(fields: Partial<NatsSourceDefinition> = {}, forbidden?: (subject: string) => string | undefined) {
  const clock = new ManualClock();
  let attempts = 0;
  let changes = 0;
  const connect = async () => {
    attempts += 1;
    throw new Error("connection refused");
  };
  const source = createNatsSource({
    definition: { ...definition, ...fields },
    sink: new MemorySink(clock),
    clock,
    random: () => 0.5,
    changed: () => void changes++,
    connect,
    ...(forbidden && { forbidden }),
  });
  return { source, clock, attempts: () => attempts, changes: () => changes };
}

test("nats source: connects again with growing pauses, says why not without the password, and stops at once", async () => {
  const { source, clock, attempts, changes } = rig();
  expect(source.status()).toMatchObject({ phase: "idle", connected: false });
  source.start();
  source.start();
  await clock.advance(499);
  expect(attempts()).toBe(1);
  await clock.advance(1);
  expect(attempts()).toBe(2);
  await clock.advance(1_000);
  expect(attempts()).toBe(3);
  expect(source.status().trouble?.message).toBe("no connection to nats://127.0.0.1:1: connection refused");
  expect(changes()).toBeGreaterThan(0);
  await source[Symbol.asyncDispose]();
  await source[Symbol.asyncDispose]();
  expect([source.status().phase, clock.timers]).toEqual(["closed", 0]);
});

test.each([
  ["neither a subject nor a stream", { subject: undefined }, /a subject or a stream, and not both/],
  ["no server", { connection: { servers: [] } }, /at least one NATS server/],
])("nats source: a definition with %s is a trouble", async (_, fields, message) => {
  const { source, attempts } = rig(fields);
  source.start();
  expect([source.status().trouble?.message, attempts()]).toEqual([expect.stringMatching(message), 0]);
  await source[Symbol.asyncDispose]();
});

test("nats source: a subject that is forbidden is not listened to", async () => {
  const { source, attempts } = rig({}, (subject) => `${subject} is a loop`);
  source.start();
  expect([source.status().trouble?.message, attempts()]).toEqual(["orders.> is a loop", 0]);
  await source[Symbol.asyncDispose]();
});
