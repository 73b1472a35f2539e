import { systemClock } from "@rouse/base";
import { createEvent, encodeAmqp } from "@rouse/events";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { MemorySink } from "../memory-sink.testing.ts";
import type { SinkAnswer } from "../sink.ts";
import { sourceConformance } from "../source.conformance.ts";
import { findRabbitmq, type RabbitmqServer, rabbitmqHint, startRabbitmq } from "../testing/index.ts";
import {
  connected,
  definitionAt,
  freezable,
  onChannel,
  putAll,
  readyIn,
  sourceOf,
  startSource,
  takenFrom,
  textsOf,
  troubleOf,
  until,
} from "./queue.testing.ts";

let server: RabbitmqServer;
const never = (): Promise<SinkAnswer> => new Promise(() => undefined);

if (!findRabbitmq({ own: true })) test.skip(`no RabbitMQ here; ${rabbitmqHint}`, () => {});

describe.skipIf(!findRabbitmq({ own: true }))("rabbitmq source", () => {
  beforeAll(async () => {
    server = await startRabbitmq({ tls: true });
  }, 120_000);
  afterAll(() => server?.[Symbol.asyncDispose]());

  sourceConformance("RabbitmqSource", {
    keeps: true,
    drainMs: 1_000,
    async open() {
      const definition = definitionAt(server.url);
      const { queueName, exchangeName } = definition;
      // Declared as the source does, so that something can be put in before there is one.
      await onChannel(server.url, async (channel) => {
        await channel.assertExchange(exchangeName!, "headers");
        await channel.assertQueue(queueName, { arguments: { "x-queue-type": "quorum" } });
      });
      return {
        source: (sink) => sourceOf(definition, sink),
        put: (texts) =>
          putAll(
            server.url,
            queueName,
            texts.map((text) => [
              text,
              { messageId: `id ${text}`, timestamp: 1_700_000_000, contentType: "text/plain" },
            ]),
          ),
        putInvalid: () => putAll(server.url, queueName, [["{", { contentType: "application/cloudevents+json" }]]),
        golden: {
          attributes: {
            specversion: "1.0",
            id: "id golden",
            source: `/apis/v1/namespaces/shop/rabbitmqsources/${definition.name}#${queueName}`,
            type: "dev.knative.rabbitmq.event",
            subject: "id golden",
            time: "2023-11-14T22:13:20Z",
            datacontenttype: "text/plain",
          },
          ignore: [],
        },
        async crash() {
          await server.settle();
          await server.kill();
          await server.run();
        },
        async [Symbol.asyncDispose]() {
          await onChannel(server.url, async (channel) => {
            await channel.deleteQueue(queueName);
            await channel.deleteExchange(exchangeName!);
          });
        },
      };
    },
  });

  describe("what it takes", () => {
    test.each(["quorum", "classic"] as const)(
      "declares a %s queue bound to its exchange, and takes from it",
      async (queueType) => {
        const definition = definitionAt(server.url, { queueType });
        await using running = startSource(definition);
        await connected(running);
        await onChannel(server.url, async (channel) => {
          await channel.assertQueue(definition.queueName, { arguments: { "x-queue-type": queueType } });
          channel.publish(definition.exchangeName!, "any.key", Buffer.from("through the exchange"));
          await channel.waitForConfirms();
        });
        await until(
          () => running.sink.stored.length === 1,
          () => running.source.status(),
        );
        await until(
          () => running.source.status().consumers === 1,
          () => running.source.status(),
          8_000,
        );
      },
    );

    test.each(["binary", "structured"] as const)("passes on a %s CloudEvent as it is", async (mode) => {
      const definition = definitionAt(server.url, { ceOverrides: { extensions: { team: "ops" } } });
      await using running = startSource(definition);
      await connected(running);
      const event = createEvent({ id: "7", source: "/orders", type: "order.made" }, Buffer.from("data"));
      const { headers, contentType, body } = encodeAmqp(event, mode);
      const more = contentType === undefined ? {} : { contentType };
      await onChannel(server.url, async (channel) => {
        channel.sendToQueue(definition.queueName, Buffer.from(body), {
          headers: { ...headers, "x-own": "dropped" },
          ...more,
        });
        await channel.waitForConfirms();
      });
      await until(
        () => running.sink.stored.length === 1,
        () => running.source.status(),
      );
      const [kept] = running.sink.stored;
      expect({ ...kept!.event.attributes }).toEqual({ ...event.attributes, team: "ops" });
      expect(Buffer.from(kept!.event.data!).toString()).toBe("data");
    });

    test("has no more messages in flight than its parallelism", async () => {
      const definition = definitionAt(server.url, { parallelism: 3 });
      const sink = new MemorySink(systemClock);
      const answers: (() => void)[] = [];
      sink.instead = (event, id) => new Promise((done) => answers.push(() => done(sink.store(event, id))));
      await using running = startSource(definition, sink);
      await connected(running);
      await putAll(
        server.url,
        definition.queueName,
        ["a", "b", "c", "d", "e"].map((text) => [text]),
      );
      await until(
        () => answers.length === 3,
        () => running.source.status(),
      );
      expect(await readyIn(server.url, definition.queueName)).toBe(2);
      expect(running.source.status().inFlight).toBe(3);
      answers[1]!();
      await until(
        () => answers.length === 4,
        () => running.source.status(),
      );
      expect(await readyIn(server.url, definition.queueName)).toBe(1);
      for (const answer of answers) answer();
    });

    test("keeps the order of the queue with a parallelism of 1, also while the sink is away now and then", async () => {
      const definition = definitionAt(server.url, { parallelism: 1, queueType: "classic" });
      const sink = new MemorySink(systemClock);
      sink.instead = () =>
        sink.appends % 3 === 0 ? { kind: "unavailable", reason: "away", retryAfterMs: 1 } : undefined;
      await using running = startSource(
        { ...definition, delivery: { backoffPolicy: "linear", backoffDelayMs: 1 } },
        sink,
      );
      await connected(running);
      const texts = Array.from({ length: 30 }, (_, index) => String(index));
      await putAll(
        server.url,
        definition.queueName,
        texts.map((text) => [text]),
      );
      await until(
        () => sink.stored.length === 30,
        () => running.source.status(),
      );
      expect(textsOf(sink)).toEqual(texts);
    });
  });

  describe("what it gives back", () => {
    test("rejects what the sink refuses, after the dead record is stored, so that the dead-letter exchange gets it", async () => {
      const definition = definitionAt(server.url, { predeclared: true });
      const { queueName } = definition;
      const dead = `dead-${queueName}`;
      await onChannel(server.url, async (channel) => {
        await channel.assertQueue(dead);
        await channel.assertQueue(queueName, {
          arguments: { "x-queue-type": "quorum" },
          deadLetterExchange: "",
          deadLetterRoutingKey: dead,
        });
      });
      const sink = new MemorySink(systemClock);
      sink.instead = () => ({ kind: "refused", reason: "too large" });
      let away = true;
      sink.insteadOfBurying = () => (away ? { kind: "unavailable", reason: "away", retryAfterMs: 10 } : undefined);
      await using running = startSource(definition, sink);
      await putAll(server.url, queueName, [["bad", { messageId: "m 1" }]]);
      await until(
        () => sink.burials > 1,
        () => running.source.status(),
      );
      expect(await readyIn(server.url, dead)).toBe(0);
      away = false;
      await until(
        () => sink.buried.length === 1,
        () => running.source.status(),
      );
      await onChannel(server.url, async (channel) => {
        let message = await takenFrom(channel, dead);
        while (message === undefined) message = await takenFrom(channel, dead);
        expect(message.content.toString()).toBe("bad");
        expect(message.properties.headers?.["x-death"]?.[0]?.reason).toBe("rejected");
      });
      expect(sink.buried[0]).toMatchObject({
        messageId: `${definition.uid}/${queueName}/m%201`,
        what: {
          reason: "event-refused",
          message: "too large",
          origin: { queue: queueName, exchange: "", routingKey: queueName, messageId: "m 1" },
        },
      });
    });

    test("gives a message that was stored but not acknowledged the same identity when it comes again, if it has one", async () => {
      const definition = definitionAt(server.url, { parallelism: 3 });
      const sink = new MemorySink(systemClock);
      sink.instead = (event, id) => {
        sink.store(event, id);
        return never();
      };
      const first = startSource(definition, sink, 100);
      await connected(first);
      await putAll(server.url, definition.queueName, [
        ["has an id", { messageId: "1" }],
        ["is an event", { headers: { "ce-specversion": "1.0", "ce-id": "1", "ce-source": "/s", "ce-type": "t" } }],
        ["has none", {}],
      ]);
      await until(
        () => sink.stored.length === 3,
        () => first.source.status(),
      );
      await first.source[Symbol.asyncDispose]();
      sink.instead = undefined;
      await using second = startSource(definition, sink);
      await until(
        () => second.source.status().stored === 3,
        () => second.source.status(),
      );
      expect(textsOf(sink)).toEqual(["has an id", "is an event", "has none", "has none"]);
    });
  });

  describe("what goes wrong", () => {
    test("says that the password is wrong, without showing it", async () => {
      const uri = `amqp://${server.user}:not-the-secret@${server.host}:${server.port}`;
      await using running = startSource(definitionAt(uri));
      const trouble = await troubleOf(running);
      expect(trouble).toMatch(/refused user "rouse", the password is wrong.*ACCESS_REFUSED/);
      expect(JSON.stringify(running.source.status())).not.toContain("not-the-secret");
    });

    test("takes user and password from beside the URI", async () => {
      const uri = `amqp://${server.host}:${server.port}`;
      const connection = { uri, user: server.user, password: server.password, vhost: "/" };
      await using running = startSource(definitionAt(uri, { connection }));
      await connected(running);
    });

    test("says that there is no such vhost, queue, or server", async () => {
      await using vhost = startSource(definitionAt(`${server.url}/no%2Fwhere`));
      expect(await troubleOf(vhost)).toMatch(/did not open vhost "no\/where" for user "rouse"/);
      await using queue = startSource(definitionAt(server.url, { predeclared: true, queueName: "nowhere" }));
      expect(await troubleOf(queue)).toBe('no queue "nowhere" in vhost "/" (NOT_FOUND)');
      await using unreachable = startSource(definitionAt("amqp://127.0.0.1:1"));
      expect(await troubleOf(unreachable)).toMatch(/nothing listens at 127\.0\.0\.1:1/);
    });

    test("says which argument of a queue or an exchange is another one", async () => {
      const definition = definitionAt(server.url);
      await onChannel(server.url, (channel) => channel.assertQueue(definition.queueName));
      await using queue = startSource(definition);
      expect(await troubleOf(queue)).toMatch(
        /^queue "queue-.*" exists with other arguments: PRECONDITION_FAILED - inequivalent arg 'x-queue-type'/,
      );
      await using exchange = startSource(definitionAt(server.url, { exchangeName: "amq.topic" }));
      expect(await troubleOf(exchange)).toMatch(/^exchange "amq.topic" exists with other arguments: .*'type'/);
    });

    test("says that the certificate is not trusted, and connects with the right authority and a client certificate", async () => {
      const { ca, client } = server.certificates!;
      await using wrong = startSource(definitionAt(server.tlsUrl!));
      expect(await troubleOf(wrong)).toMatch(/is not trusted \(\w+\): give the CA that signed it/);
      const connection = { uri: server.tlsUrl!, tls: { ca, ...client } };
      await using right = startSource(definitionAt(server.tlsUrl!, { connection }));
      await connected(right);
      await using plain = startSource(definitionAt(`amqps://${server.host}:${server.port}`));
      expect(await troubleOf(plain)).toMatch(/is it the port for TLS\?/);
      await using encrypted = startSource(definitionAt(`amqp://${server.host}:${server.tlsPort}`));
      expect(await troubleOf(encrypted)).toMatch(/a port for TLS needs amqps/);
    });

    test("declares its queue anew after it was deleted, and goes on", async () => {
      const definition = definitionAt(server.url);
      await using running = startSource(definition);
      await connected(running);
      await onChannel(server.url, (channel) => channel.deleteQueue(definition.queueName));
      expect(await troubleOf(running)).toMatch(/cancelled the consumer of queue "queue-.*": the queue was deleted/);
      await connected(running);
      expect(running.source.status().trouble).toBeUndefined();
      await putAll(server.url, definition.queueName, [["again"]]);
      await until(
        () => running.sink.stored.length === 1,
        () => running.source.status(),
      );
    });

    test("reopens a channel that the server closed, and acknowledges nothing of the old one", async () => {
      await server.ctl(
        "eval",
        "application:set_env(rabbit, channel_tick_interval, 200), application:set_env(rabbit, consumer_timeout, 500).",
      );
      const definition = definitionAt(server.url, { parallelism: 1 });
      const sink = new MemorySink(systemClock);
      let late = (): void => undefined;
      sink.instead = (event, id) =>
        sink.appends > 1
          ? undefined
          : new Promise((done) => {
              late = () => done(sink.store(event, id));
            });
      const running = startSource(definition, sink);
      try {
        await connected(running);
        await putAll(server.url, definition.queueName, [["slow", { messageId: "slow" }]]);
        expect(await troubleOf(running)).toMatch(/took the messages back because they were not stored in time/);
        late();
        await until(
          () => sink.appends === 2 && running.source.status().stored === 1,
          () => [running.source.status(), sink.appends],
        );
        expect(textsOf(sink)).toEqual(["slow"]);
        expect(running.source.status().trouble).toBeUndefined();
      } finally {
        await running.source[Symbol.asyncDispose]();
        await server.ctl(
          "eval",
          "application:set_env(rabbit, channel_tick_interval, 60000), application:set_env(rabbit, consumer_timeout, 1800000).",
        );
      }
    });

    test("comes back after an operator closed its connection", async () => {
      const definition = definitionAt(server.url);
      await using running = startSource(definition);
      await connected(running);
      await server.ctl("close_all_connections", "maintenance");
      expect(await troubleOf(running)).toMatch(/closed the connection: CONNECTION_FORCED - .*maintenance/);
      await connected(running);
    });

    test("can be disposed at any moment of connecting, with and without TLS", async () => {
      const { ca } = server.certificates!;
      for (let ms = 0; ms < 40; ms += 2) {
        const tls = ms % 4 === 0 ? { uri: server.tlsUrl!, tls: { ca } } : { uri: server.url };
        const { source } = startSource(definitionAt(server.url, { connection: tls }));
        await new Promise((done) => setTimeout(done, ms));
        await source[Symbol.asyncDispose]();
        expect(source.status()).toMatchObject({ phase: "closed", connection: "closed", inFlight: 0 });
      }
    });

    test.each(["amqp", "amqps"])(
      "does not wait, when it is disposed, for an %s server that says nothing",
      async (protocol) => {
        await using way = await freezable(server.host, server.port);
        way.freeze();
        const { source } = startSource(definitionAt(`${protocol}://127.0.0.1:${way.port}`));
        await new Promise((done) => setTimeout(done, 100));
        expect(source.status().connection).toBe("connecting");
        const since = performance.now();
        await source[Symbol.asyncDispose]();
        expect(performance.now() - since).toBeLessThan(1_500);
      },
    );

    test("leaves a connection that fell silent, and makes another", async () => {
      await using way = await freezable(server.host, server.port);
      const uri = `amqp://${server.user}:${server.password}@127.0.0.1:${way.port}?heartbeat=1`;
      const definition = definitionAt(uri);
      await using running = startSource(definition);
      await connected(running);
      way.freeze();
      expect(await troubleOf(running)).toMatch(/fell silent/);
      way.thaw();
      await connected(running);
    });
  });
});
