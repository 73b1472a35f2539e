import { ManualClock } from "@rouse/base";
import type { ConsumeMessage } from "amqplib";
import { expect, test } from "vitest";
import { MemorySink } from "../memory-sink.testing.ts";
import type { SinkAnswer } from "../sink.ts";
import type { Settling } from "./acknowledgements.ts";
import { Intake, type IntakeNote } from "./intake.ts";

const shape = { uid: "u", namespace: "n", name: "s", queueName: "q", ceOverrides: undefined };

function started(channel?: Settling) {
  const clock = new ManualClock();
  const sink = new MemorySink(clock);
  const settled: string[] = [];
  const notes: IntakeNote[] = [];
  let ids = 0;
  const intake = new Intake({
    shape,
    sink,
    clock,
    random: () => 0.5,
    backoff: { policy: "exponential", delayMs: 200, capMs: 30_000, jitter: 0 },
    freshId: () => `fresh-${++ids}`,
    channel: channel ?? {
      ack: ({ fields }) => void settled.push(`ack ${fields.deliveryTag}`),
      nack: ({ fields }, _all, requeue) => void settled.push(`nack ${fields.deliveryTag} requeue=${requeue}`),
    },
    note: (note) => notes.push(note),
    later: queueMicrotask,
  });
  return { clock, sink, settled, notes, intake };
}

function delivery(deliveryTag: number, properties: object = {}, body = "x"): ConsumeMessage {
  const fields = { deliveryTag, redelivered: false, exchange: "", routingKey: "q", consumerTag: "c" };
  return { fields, properties, content: Buffer.from(body) } as unknown as ConsumeMessage;
}

test("rabbitmq intake: a message is acknowledged after its event is stored, not before", async () => {
  const { clock, sink, settled, intake } = started();
  let store: () => void = () => undefined;
  sink.instead = (event, id) => new Promise((done) => (store = () => done(sink.store(event, id))));
  intake.take(delivery(7));
  await clock.advance(1_000);
  expect([settled, intake.inFlight]).toEqual([[], 1]);
  store();
  await clock.advance(0);
  expect([settled, intake.inFlight, clock.timers]).toEqual([["ack 7"], 0, 0]);
});

test("rabbitmq intake: an unavailable sink is asked again, under the same id, until it stores", async () => {
  const { clock, sink, settled, notes, intake } = started();
  const asked: [number, string][] = [];
  sink.instead = (_, messageId) => {
    asked.push([clock.monotonic(), messageId]);
    if (asked.length === 2) throw new Error("the answer was lost");
    return asked.length < 4 ? { kind: "unavailable", reason: "away", retryAfterMs: 500 } : undefined;
  };
  intake.take(delivery(1));
  await clock.advance(10_000);
  expect(asked).toEqual([0, 500, 900, 1_700].map((at) => [at, "u/q/fresh-1"]));
  expect(settled).toEqual(["ack 1"]);
  expect(notes.map((note) => ("message" in note ? note.message : note.kind))).toEqual([
    "the sink is unavailable: away",
    "the sink is unavailable: the answer was lost",
    "the sink is unavailable: away",
    "stored",
  ]);
});

test("rabbitmq intake: a sink that never answers is asked again after 30 s", async () => {
  const { clock, sink, settled, intake } = started();
  sink.instead = () => (sink.appends === 1 ? new Promise<SinkAnswer>(() => undefined) : undefined);
  intake.take(delivery(1));
  await clock.advance(31_000);
  expect([sink.appends, settled]).toEqual([2, ["ack 1"]]);
});

test("rabbitmq intake: what is no event is buried with its bytes and place, then rejected without requeueing", async () => {
  const { clock, sink, settled, notes, intake } = started();
  sink.insteadOfBurying = () =>
    sink.burials === 1 ? { kind: "unavailable", reason: "away", retryAfterMs: 1 } : undefined;
  intake.take(delivery(3, { contentType: "application/cloudevents+json", messageId: "m" }, "{"));
  await clock.advance(100);
  expect(settled).toEqual([]);
  await clock.advance(1_000);
  expect(settled).toEqual(["nack 3 requeue=false"]);
  expect(sink.buried).toMatchObject([
    {
      messageId: "u/q/m",
      what: {
        reason: "event-invalid",
        origin: { queue: "q", exchange: "", routingKey: "q", messageId: "m" },
        event: undefined,
        raw: Buffer.from("{"),
      },
    },
  ]);
  expect(notes.at(-1)?.kind).toBe("buried");
});

test("rabbitmq intake: nothing is acknowledged, asked again or waited for once the channel is gone", async () => {
  const { clock, sink, settled, intake } = started();
  let store: () => void = () => undefined;
  sink.instead = (event, id) =>
    sink.appends === 1
      ? new Promise((done) => (store = () => done(sink.store(event, id))))
      : { kind: "unavailable", reason: "away", retryAfterMs: 10 };
  intake.take(delivery(1));
  intake.take(delivery(2));
  await clock.advance(0);
  intake.abandon();
  store();
  await clock.advance(60_000);
  expect([settled, sink.appends, intake.inFlight, clock.timers]).toEqual([[], 2, 0, 0]);
});

test("rabbitmq intake: draining waits for answers, gives up waits, and takes nothing new", async () => {
  const { clock, sink, settled, intake } = started();
  let store: () => void = () => undefined;
  sink.instead = (event, id) =>
    sink.appends === 1
      ? new Promise((done) => (store = () => done(sink.store(event, id))))
      : { kind: "unavailable", reason: "away", retryAfterMs: 10 };
  intake.take(delivery(1));
  intake.take(delivery(2));
  await clock.advance(0);
  let drained = false;
  const draining = intake.drain().then(() => (drained = true));
  intake.take(delivery(3));
  await clock.advance(10);
  expect(drained).toBe(false);
  store();
  await draining;
  expect([settled, sink.appends, clock.timers]).toEqual([["ack 1"], 2, 0]);
});

test("rabbitmq intake: a channel that closes at the moment of the acknowledgement does no harm", async () => {
  const closed = (): never => {
    throw new Error("Channel closed");
  };
  const { clock, sink, intake } = started({ ack: closed, nack: closed });
  intake.take(delivery(1));
  await clock.advance(0);
  expect([sink.stored.length, intake.inFlight]).toEqual([1, 0]);
});

test("rabbitmq intake: a header that nothing can be made of ends in a dead record, not in a rejection", async () => {
  const { clock, sink, settled, intake } = started();
  // Any publisher can send this table.
  const untold = { "!": "timestamp", value: { valueOf: "no function", toString: "no function" } };
  intake.take(delivery(1, { headers: { "ce-specversion": untold } }));
  await clock.advance(0);
  expect([settled, sink.buried[0]?.what.reason]).toEqual([["nack 1 requeue=false"], "event-invalid"]);
  await intake.drain();
});
