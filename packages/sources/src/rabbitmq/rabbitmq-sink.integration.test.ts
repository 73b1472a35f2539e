import { randomUUID } from "node:crypto";
import { systemClock } from "@rouse/base";
import { createEvent, decodeAmqp } from "@rouse/events";
import type { Options } from "amqplib";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { SendAnswer } from "../outlet.ts";
import { findRabbitmq, type RabbitmqServer, rabbitmqHint, startRabbitmq } from "../testing/index.ts";
import { onChannel, readyIn, takenFrom, until } from "./queue.testing.ts";
import { createRabbitmqSink, type RabbitmqSink, type RabbitmqSinkDefinition } from "./rabbitmq-sink.ts";

let server: RabbitmqServer;
let serial = 0;

function anEvent(id = `event ${++serial}`) {
  return createEvent(
    { id, source: "/shop", type: "order.made", datacontenttype: "text/plain", n: 1 },
    Buffer.from("data"),
  );
}

function sinkTo(exchangeName: string, changes: Partial<RabbitmqSinkDefinition> = {}): RabbitmqSink {
  const connection = { uri: server.url };
  const definition: RabbitmqSinkDefinition = {
    ...{ uid: "uid", namespace: "shop", name: "out", connection, exchangeName },
    ...{ routingKey: undefined, contentMode: "binary", ...changes },
  };
  return createRabbitmqSink({ definition, clock: systemClock, random: Math.random, drainMs: 2_000 });
}

/** A queue that takes the type of the events, by a topic exchange. */
async function makeQueue(options: Options.AssertQueue = {}) {
  const [queue, exchange] = [`queue-${randomUUID()}`, `exchange-${randomUUID()}`];
  await onChannel(server.url, async (channel) => {
    await channel.assertExchange(exchange, "topic");
    await channel.assertQueue(queue, options);
    await channel.bindQueue(queue, exchange, "order.*");
  });
  return { queue, exchange };
}

async function answered(sink: RabbitmqSink, kind: SendAnswer["kind"], withinMs = 30_000): Promise<SendAnswer> {
  const end = performance.now() + withinMs;
  for (;;) {
    const answer = await sink.send(anEvent());
    if (answer.kind === kind) return answer;
    if (performance.now() > end) throw new Error(`never ${kind}: ${JSON.stringify(answer)}`);
    await new Promise((done) => setTimeout(done, 50));
  }
}

if (!findRabbitmq({ own: true })) test.skip(`no RabbitMQ here; ${rabbitmqHint}`, () => {});

describe.skipIf(!findRabbitmq({ own: true }))("rabbitmq sink", () => {
  beforeAll(async () => {
    server = await startRabbitmq({ own: true });
  }, 120_000);
  afterAll(() => server?.[Symbol.asyncDispose]());

  test.each(["binary", "structured"] as const)(
    "an event is in the queue when it is stored, persistent, in %s mode",
    async (contentMode) => {
      const { queue, exchange } = await makeQueue();
      await using sink = sinkTo(exchange, { contentMode });
      expect(sink.status()).toEqual({ connected: false, trouble: undefined });
      const event = anEvent();
      expect(await sink.send(event)).toEqual({ kind: "stored" });
      expect(sink.status()).toEqual({ connected: true, trouble: undefined });
      const message = await onChannel(server.url, (channel) => takenFrom(channel, queue));
      const { deliveryMode, messageId, contentType, headers } = message!.properties;
      expect([deliveryMode, messageId, message!.fields.routingKey]).toEqual([2, event.attributes.id, "order.made"]);
      const decoded = decodeAmqp({ contentType, headers, body: message!.content });
      expect(decoded).toMatchObject({ kind: "event", mode: contentMode });
      expect(decoded.kind === "event" && Buffer.from(decoded.event.data!).toString()).toBe("data");
    },
  );

  test("many events at once are all confirmed", async () => {
    const { queue, exchange } = await makeQueue({ arguments: { "x-queue-type": "quorum" } });
    await using sink = sinkTo(exchange);
    const answers = await Promise.all(Array.from({ length: 500 }, () => sink.send(anEvent())));
    expect(answers.every(({ kind }) => kind === "stored")).toBe(true);
    expect(await readyIn(server.url, queue)).toBe(500);
  });

  test("a routing key that is declared is used instead of the type; the default exchange leads to a queue by its name", async () => {
    const { queue } = await makeQueue();
    await using sink = sinkTo("", { routingKey: queue });
    expect(await sink.send(anEvent("x".repeat(300)))).toEqual({ kind: "stored" });
    const message = await onChannel(server.url, (channel) => takenFrom(channel, queue));
    expect(message!.properties.messageId).toHaveLength(32);
    expect(message!.properties.headers?.["ce-id"]).toHaveLength(300);
  });

  test("an event that no queue takes is refused, the ones beside it are stored", async () => {
    const { exchange } = await makeQueue();
    await using sink = sinkTo(exchange);
    const lost = () => createEvent({ id: String(++serial), source: "/shop", type: "nobody.wants.this" });
    const answers = await Promise.all([
      sink.send(anEvent()),
      sink.send(lost()),
      sink.send(anEvent()),
      sink.send(lost()),
    ]);
    expect(answers.map(({ kind }) => kind)).toEqual(["stored", "refused", "stored", "refused"]);
    expect(answers[1]).toMatchObject({
      reason: expect.stringMatching(/no queue takes the event: .*"nobody.wants.this"/),
    });
    const long = createEvent({ id: "1", source: "/s", type: "t".repeat(300) });
    expect(await sink.send(long)).toMatchObject({ kind: "refused" });
  });

  test("two events of the same id at the same time are not mixed up", async () => {
    const { exchange } = await makeQueue();
    await using sink = sinkTo(exchange);
    const other = createEvent({ id: "same", source: "/other", type: "nobody" });
    const [first, second] = await Promise.all([sink.send(anEvent("same")), sink.send(other)]);
    expect([first.kind, second.kind]).toEqual(["stored", "unavailable"]);
    expect(await sink.send(other)).toMatchObject({ kind: "refused" });
  });

  test("an exchange that is missing is told, and used when it is there", async () => {
    const exchange = `late-${randomUUID()}`;
    await using sink = sinkTo(exchange);
    const words = `no exchange "${exchange}" in vhost "/" (NOT_FOUND)`;
    expect(await sink.send(anEvent())).toMatchObject({ kind: "unavailable", reason: words });
    expect(sink.status().trouble?.message).toBe(words);
    await onChannel(server.url, async (channel) => {
      await channel.assertExchange(exchange, "fanout");
      const { queue } = await channel.assertQueue(`q-${exchange}`);
      await channel.bindQueue(queue, exchange, "");
    });
    await answered(sink, "stored");
    await onChannel(server.url, (channel) => channel.deleteExchange(exchange));
    expect((await answered(sink, "unavailable")).kind).toBe("unavailable");
    await until(
      () => sink.status().trouble?.message === words,
      () => sink.status(),
    );
  });

  test("a queue that is full makes the sink unavailable", async () => {
    const { exchange } = await makeQueue({ maxLength: 1, overflow: "reject-publish" });
    await using sink = sinkTo(exchange);
    expect(await answered(sink, "unavailable")).toMatchObject({ reason: expect.stringMatching(/a queue is full/) });
  });

  test("a resource alarm of the server makes the sink unavailable until it is over", async () => {
    const { exchange } = await makeQueue();
    await using sink = sinkTo(exchange);
    await answered(sink, "stored");
    await server.ctl("set_vm_memory_high_watermark", "0.000001");
    try {
      expect(await answered(sink, "unavailable")).toMatchObject({
        reason: expect.stringMatching(/takes no events at the moment: .*memory/),
      });
    } finally {
      await server.ctl("set_vm_memory_high_watermark", "0.6");
    }
    await answered(sink, "stored");
  });

  test("what was confirmed is there after the server was killed, and the sink comes back", async () => {
    const { queue, exchange } = await makeQueue({ arguments: { "x-queue-type": "quorum" } });
    await using sink = sinkTo(exchange);
    await answered(sink, "stored");
    await server.settle();
    let stored = 1;
    let going = true;
    const sending = (async () => {
      while (going) {
        if ((await sink.send(anEvent())).kind === "stored") stored += 1;
        // An answer without a connection comes at once, and would let nothing else happen here.
        await new Promise((done) => setImmediate(done));
      }
    })();
    await until(
      () => stored > 50,
      () => stored,
    );
    await server.kill();
    await until(
      () => !sink.status().connected,
      () => sink.status(),
    );
    going = false;
    await sending;
    expect(await sink.send(anEvent())).toMatchObject({ kind: "unavailable" });
    await server.run();
    // A quorum queue counts what it holds only after it has read its log again.
    let found = 0;
    while (found < stored) found = await readyIn(server.url, queue);
    await answered(sink, "stored");
  });

  test("disposing waits for confirmations and answers everything later with unavailable", async () => {
    const { queue, exchange } = await makeQueue();
    const sink = sinkTo(exchange);
    await answered(sink, "stored");
    const answers = Array.from({ length: 50 }, () => sink.send(anEvent()));
    await sink[Symbol.asyncDispose]();
    const kinds = await Promise.all(answers.map(async (answer) => (await answer).kind));
    expect(new Set(kinds)).toEqual(new Set(["stored"]));
    expect(await readyIn(server.url, queue)).toBe(51);
    expect(await sink.send(anEvent())).toMatchObject({ kind: "unavailable", reason: "it is closed" });
    expect(sink.status().connected).toBe(false);
    await sinkTo(exchange)[Symbol.asyncDispose]();
  });
});
