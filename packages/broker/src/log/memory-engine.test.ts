import { ManualClock } from "@rouse/base";
import { expect, test } from "vitest";
import type { HeldMessage, OutgoingMessage, StreamConfig } from "./engine.ts";
import { engineConformance } from "./log.conformance.ts";
import { createMemoryEngine } from "./memory-engine.ts";

engineConformance(
  "memory",
  async () => {
    const clock = new ManualClock();
    const engine = createMemoryEngine({ clock });
    return {
      engine,
      pass: (ms) => clock.advance(ms),
      leftovers: () => clock.timers,
      [Symbol.asyncDispose]: () => Promise.resolve(engine[Symbol.asyncDispose]()),
    };
  },
  { tooLargeBytes: 1024 * 1024 + 1 },
);

const log: StreamConfig = {
  name: "LOG",
  subjects: ["log.>"],
  retention: "limits",
  maxAgeMs: 0,
  maxBytes: 0,
  duplicateWindowMs: 60_000,
  replicas: 1,
  discard: "old",
};

function message(n: number): OutgoingMessage {
  return { subject: "log.a", headers: {}, data: new Uint8Array(10), messageId: `m${n}` };
}

test("memory engine: at its own limit it gives up only what every cursor has settled", async () => {
  await using engine = createMemoryEngine({ messagesMax: 3 });
  const stream = await engine.stream(log);
  const cursor = stream.cursor({ name: "router", ackWaitMs: 1000, maxAckPending: 10 });
  await cursor.open();
  for (let n = 0; n < 3; n++) await stream.append(message(n));
  await expect(stream.append(message(3))).rejects.toMatchObject({ code: "LOG_FULL" });
  const held: HeldMessage[] = [];
  cursor.pull({ window: () => 2, onMessage: (one) => held.push(one), onGone: () => {} });
  await new Promise(setImmediate);
  await expect(stream.append(message(3))).rejects.toMatchObject({ code: "LOG_FULL" });
  held[0]!.ack();
  expect(await stream.append(message(3))).toMatchObject({ sequence: 4 });
  await expect(stream.append(message(4))).rejects.toMatchObject({ code: "LOG_FULL" });
});

test("memory engine: a work queue at the engine's limit refuses, it never gives up a message", async () => {
  await using engine = createMemoryEngine({ bytesMax: 100 });
  const stream = await engine.stream({ ...log, retention: "workqueue" });
  await stream.append(message(0));
  await stream.append(message(1));
  await expect(stream.append(message(2))).rejects.toMatchObject({ code: "LOG_FULL" });
});
