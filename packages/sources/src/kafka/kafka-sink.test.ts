import { ManualClock } from "@rouse/base";
import { createEvent } from "@rouse/events";
import {
  KafkaJSConnectionError,
  KafkaJSNonRetriableError,
  KafkaJSNumberOfRetriesExceeded,
  KafkaJSProtocolError,
  type Message,
} from "kafkajs";
import { expect, test } from "vitest";
import { createKafkaSink, type KafkaSinkDefinition } from "./kafka-sink.ts";
import type { ProducerLink } from "./producer-link.ts";

const definition: KafkaSinkDefinition = {
  ...{ uid: "u", namespace: "shop", name: "out", topic: "orders", contentMode: "binary" },
  connection: { bootstrapServers: ["127.0.0.1:9092"], tls: undefined, sasl: undefined },
};

const eventOf = (id: string, data?: string) =>
  createEvent({ id, source: "/s", type: "t", partitionkey: "k" }, data === undefined ? undefined : Buffer.from(data));

function protocolError(type: string, code: number): Error {
  const cause = new KafkaJSProtocolError(Object.assign(new Error(`words of ${type}`), { type, code }) as never);
  return Object.assign(new KafkaJSNonRetriableError("outer"), { cause });
}

/** A sink on links that do what `produce` says; everything that they were asked is noted. */
function fixture(produce: (messages: Message[]) => Promise<void> = async () => undefined) {
  const clock = new ManualClock();
  const asked: string[] = [];
  let changes = 0;
  const link = (): ProducerLink => ({
    async connect() {
      asked.push("connect");
    },
    async produce(messages) {
      asked.push(`produce ${messages.map(({ headers }) => String(headers?.ce_id)).join(" ")}`);
      await produce(messages);
    },
    close() {
      asked.push("close");
    },
  });
  const sink = createKafkaSink({ definition, clock, random: () => 0.5, changed: () => changes++, link });
  return { sink, clock, asked, changes: () => changes };
}

test("send: connects with the first event, and what is sent in one turn is one request", async () => {
  const { sink, asked, changes } = fixture();
  expect(sink.status()).toEqual({ connected: false, trouble: undefined });
  const answers = await Promise.all(["1", "2", "3"].map((id) => sink.send(eventOf(id))));
  expect(answers).toEqual([{ kind: "stored" }, { kind: "stored" }, { kind: "stored" }]);
  await sink.send(eventOf("4"));
  expect(asked).toEqual(["connect", "produce 1 2 3", "produce 4"]);
  expect(sink.status()).toEqual({ connected: true, trouble: undefined });
  expect(changes()).toBe(1);
});

test("send: one request at a time, in the order of the events", async () => {
  const gates: (() => void)[] = [];
  const { sink, asked } = fixture(() => new Promise((open) => gates.push(open)));
  const first = sink.send(eventOf("1"));
  await expect.poll(() => gates.length).toBe(1);
  const rest = ["2", "3"].map((id) => sink.send(eventOf(id)));
  await Promise.resolve();
  expect(asked).toEqual(["connect", "produce 1"]);
  gates[0]!();
  expect(await first).toEqual({ kind: "stored" });
  await expect.poll(() => gates.length).toBe(2);
  gates[1]!();
  await Promise.all(rest);
  expect(asked).toEqual(["connect", "produce 1", "produce 2 3"]);
});

test("send: the record has key, headers and value of the binding", async () => {
  const seen: Message[] = [];
  const { sink } = fixture(async (messages) => void seen.push(...messages));
  await Promise.all([sink.send(eventOf("1", "x")), sink.send(createEvent({ id: "2", source: "/s", type: "t" }))]);
  expect(seen[0]).toMatchObject({ key: "k", value: Buffer.from("x"), headers: { ce_id: "1", ce_partitionkey: "k" } });
  expect(seen[1]).toMatchObject({ key: null, value: null });
});

test("send: an event that is too large is refused, the others of its request are stored", async () => {
  const { sink, asked } = fixture(async (messages) => {
    if (messages.some(({ value }) => value?.toString() === "large")) throw protocolError("MESSAGE_TOO_LARGE", 10);
  });
  const answers = await Promise.all([
    ...["1", "2"].map((id) => sink.send(eventOf(id))),
    sink.send(eventOf("3", "large")),
    sink.send(eventOf("4")),
  ]);
  expect(answers.map(({ kind }) => kind)).toEqual(["stored", "stored", "refused", "stored"]);
  expect(answers[2]).toMatchObject({ reason: 'topic "orders" takes no record of this size (max.message.bytes)' });
  expect(asked).toEqual(["connect", "produce 1 2 3 4", "produce 1 2", "produce 3 4", "produce 3", "produce 4"]);
  expect(sink.status().trouble).toBeUndefined();
});

test("send: a record that the topic does not take for what it is is refused", async () => {
  const { sink } = fixture(() => Promise.reject(protocolError("INVALID_RECORD", 87)));
  expect(await sink.send(eventOf("1"))).toMatchObject({ kind: "refused", reason: expect.stringContaining("refused") });
});

test("send: after a failure nothing is tried until the pause is over, then on a new connection", async () => {
  let away = true;
  const { sink, clock, asked } = fixture(async () => {
    if (away) throw new KafkaJSConnectionError("Connection error", { broker: "127.0.0.1:9092", code: "ECONNREFUSED" });
  });
  const reason = "broker 127.0.0.1:9092 refused the connection";
  expect(await sink.send(eventOf("1"))).toEqual({
    kind: "unavailable",
    reason,
    retryAfterMs: 200,
  });
  expect(sink.status()).toEqual({ connected: false, trouble: { at: clock.now(), message: reason } });
  expect(await sink.send(eventOf("2"))).toEqual({
    kind: "unavailable",
    reason,
    retryAfterMs: 200,
  });
  expect(asked).toEqual(["connect", "produce 1", "close"]);
  await clock.advance(200);
  expect(await sink.send(eventOf("3"))).toMatchObject({ kind: "unavailable", retryAfterMs: 400 });
  away = false;
  await clock.advance(400);
  expect(await sink.send(eventOf("4"))).toEqual({ kind: "stored" });
  expect(sink.status()).toEqual({ connected: true, trouble: undefined });
});

test("send: answers within its bound when Kafka does not, and nothing of it goes on later", async () => {
  let open: () => void = () => undefined;
  const { sink, clock, asked } = fixture(() => new Promise<void>((resolve) => (open = resolve)));
  const first = sink.send(eventOf("1"));
  await expect.poll(() => asked.length).toBe(2);
  const second = sink.send(eventOf("2"));
  await clock.advance(12_000);
  const reason = "Kafka at 127.0.0.1:9092 took longer than 12 s to store";
  expect(await first).toEqual({ kind: "unavailable", reason, retryAfterMs: 200 });
  expect(await second).toEqual({ kind: "unavailable", reason, retryAfterMs: 200 });
  open();
  expect(asked).toEqual(["connect", "produce 1", "close"]);
});

test("send: more than a bound of waiting events is answered at once", async () => {
  const { sink } = fixture(() => new Promise(() => undefined));
  for (let count = 0; count < 1_000; count++) void sink.send(eventOf(String(count)));
  expect(await sink.send(eventOf("x"))).toMatchObject({
    kind: "unavailable",
    reason: expect.stringContaining("1000 events wait for Kafka"),
  });
});

test("large events: requests stay below what a topic takes by default", async () => {
  const { sink, asked } = fixture();
  const data = "x".repeat(200 * 1024);
  await Promise.all(["1", "2", "3"].map((id) => sink.send(eventOf(id, data))));
  expect(asked).toEqual(["connect", "produce 1 2", "produce 3"]);
});

test("dispose: waits for what was sent, takes nothing new, and may be repeated", async () => {
  const gates: (() => void)[] = [];
  const { sink, asked } = fixture(() => new Promise((open) => gates.push(open)));
  const sent = sink.send(eventOf("1"));
  await expect.poll(() => gates.length).toBe(1);
  const closed = sink[Symbol.asyncDispose]();
  expect(await sink.send(eventOf("2"))).toMatchObject({ kind: "unavailable", reason: "the KafkaSink is closed" });
  gates[0]!();
  expect(await sent).toEqual({ kind: "stored" });
  await closed;
  await sink[Symbol.asyncDispose]();
  expect(asked).toEqual(["connect", "produce 1", "close"]);
});

test.each([
  ["UNKNOWN_TOPIC_OR_PARTITION", 3, 'topic "orders" does not exist'],
  ["TOPIC_AUTHORIZATION_FAILED", 29, 'the user may not write to topic "orders"'],
  ["CLUSTER_AUTHORIZATION_FAILED", 31, "the user may not do this on the cluster"],
  ["INVALID_TOPIC_EXCEPTION", 17, "is no name that Kafka allows"],
  ["NOT_ENOUGH_REPLICAS", 19, "has fewer replicas in sync than min.insync.replicas"],
  ["INVALID_REPLICATION_FACTOR", 38, "lower replicationFactor, or add brokers"],
  ["REQUEST_TIMED_OUT", 7, "words of REQUEST_TIMED_OUT"],
])("trouble: %s is for an operator to mend, and says so", async (type, code, words) => {
  const error = new KafkaJSNumberOfRetriesExceeded(protocolError(type, code), { retryCount: 1, retryTime: 1 });
  const { sink } = fixture(() => Promise.reject(error));
  expect(await sink.send(eventOf("1"))).toMatchObject({ kind: "unavailable", reason: expect.stringContaining(words) });
});
