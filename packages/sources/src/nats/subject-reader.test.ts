import { getEventListeners } from "node:events";
import type { Msg, NatsConnection } from "@nats-io/transport-node";
import { ManualClock } from "@rouse/base";
import { expect, test } from "vitest";
import type { ReaderPorts } from "./reader.ts";
import { SubjectReader } from "./subject-reader.ts";

type Callback = (error: Error | null, message: Msg) => void;

function rig() {
  const clock = new ManualClock();
  const callbacks: Callback[] = [];
  let unsubscribed = 0;
  let closings = 0;
  const connection = {
    isClosed: () => false,
    closed: () => {
      closings += 1;
      return new Promise<void>(() => undefined);
    },
    subscribe: (_subject: string, { callback }: { readonly callback: Callback }) => {
      callbacks.push(callback);
      return { unsubscribe: () => void unsubscribed++ };
    },
  } as unknown as NatsConnection;
  const troubles: (string | undefined)[] = [];
  const reader = new SubjectReader({
    definition: {
      uid: "u",
      namespace: "n",
      name: "s",
      connection: { servers: [] },
      subject: "a",
      ceOverrides: undefined,
    },
    clock,
    random: () => 0.5,
    upstream: (message: string | undefined) => troubles.push(message),
  } as unknown as ReaderPorts);
  return { clock, callbacks, connection, troubles, reader, counts: () => ({ unsubscribed, closings }) };
}

test("nats subject: one that is refused is tried again every 5 s, and leaves nothing behind", async () => {
  const { clock, callbacks, connection, troubles, reader, counts } = rig();
  const closing = new AbortController();
  const running = reader.run(connection, closing.signal);
  for (let attempt = 0; attempt < 20; attempt += 1) {
    callbacks[attempt]!(new Error("permissions violation"), undefined as unknown as Msg);
    await clock.advance(5_000);
  }
  expect([callbacks.length, troubles.at(-1)]).toEqual([21, undefined]);
  expect([getEventListeners(closing.signal, "abort").length, counts().closings]).toEqual([1, 1]);
  closing.abort();
  await running;
  expect([counts().unsubscribed, clock.timers, getEventListeners(closing.signal, "abort").length]).toEqual([1, 0, 0]);
});
