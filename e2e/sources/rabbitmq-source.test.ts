import { type Channel, type ChannelModel, connect } from "amqplib";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { Api, broker } from "../harness/api.ts";
import { awaitCondition } from "../harness/await-condition.ts";
import { findRabbitmq, rabbitmqHint, startRabbitmq } from "../harness/kafka.ts";
import { placesThatSay } from "../harness/leaks.ts";
import { type NatsServer, natsServers, startNats } from "../harness/nats.ts";
import { freePort, type ServerProcess, startServerProcess } from "../harness/server-process.ts";
import { startSilentListener } from "../harness/silent-listener.ts";
import { followSource, rabbitmqSource, secret } from "../harness/source-manifests.ts";
import { attributesOf, type Subscriber, startSubscriber } from "../harness/subscriber.ts";

const [binary] = (await natsServers()).slice(-1);
const ready = binary !== undefined && findRabbitmq({ own: true }) !== undefined;
const withinMs = 40_000;
const wrongPassword = "not-the-Passw0rd/of+anyone";

function uri(name: string, queue = name): string {
  return `/apis/v1/namespaces/default/rabbitmqsources/${name}#${queue}`;
}

describe.skipIf(!ready && process.env.CI !== "true")(`RabbitmqSource (${rabbitmqHint})`, () => {
  let rabbitmq: Awaited<ReturnType<typeof startRabbitmq>>;
  let connection: ChannelModel;
  let channel: Channel;
  let nats: NatsServer;
  let server: ServerProcess;
  let subscriber: Subscriber;
  let api: Api;

  beforeAll(async () => {
    rabbitmq = await startRabbitmq({ tls: true, settings: { "disk_free_limit.absolute": "50MB" } });
    nats = await startNats(binary!);
    server = await startServerProcess({ nats });
    subscriber = await startSubscriber();
    connection = await connect(rabbitmq.url);
    channel = await connection.createChannel();
    api = new Api(server);
    await api.apply(broker(), secret("rabbit", { uri: rabbitmq.url }));
  }, 90_000);
  afterAll(async () => {
    await connection?.close().catch(() => undefined);
    for (const one of [server, subscriber, nats, rabbitmq]) await one?.[Symbol.asyncDispose]();
  });

  const arrived = async (path: string, count: number) => {
    const there = () => subscriber.received(path).length >= count;
    await awaitCondition(`${count} at ${path}`, there, {
      withinMs,
      evidence: () => api.condition("RabbitmqSource", path.slice(1)),
    });
    return subscriber.received(path);
  };
  const saying = async (name: string, words: RegExp) => {
    const condition = () => api.condition("RabbitmqSource", name);
    const said = async () => words.test((await condition())?.message ?? "");
    await awaitCondition(`${name} to say ${words}`, said, { withinMs, everyMs: 100, evidence: condition });
  };

  test("a message becomes an event with exactly Knative's attributes, whatever its routing key", async () => {
    await api.apply(followSource("wrapped", uri("wrapped"), subscriber), rabbitmqSource("wrapped", "rabbit"));
    await api.awaitReady("RabbitmqSource", "wrapped");
    const properties = { messageId: "m-1", contentType: "application/json", timestamp: 1_700_000_000 };
    channel.publish("wrapped", "any.key", Buffer.from('{"amount":3}'), {
      ...properties,
      headers: { constructor: "c", n: 1 },
    });
    const [event] = await arrived("/wrapped", 1);
    expect(attributesOf(event!)).toEqual({
      "content-type": "application/json",
      "ce-specversion": "1.0",
      "ce-id": "m-1",
      "ce-source": uri("wrapped"),
      "ce-type": "dev.knative.rabbitmq.event",
      "ce-subject": "m-1",
      "ce-time": "2023-11-14T22:13:20Z",
    });
    expect(String(event!.body)).toBe('{"amount":3}');
  });

  test("events pass as they are; what is refused is a dead record and goes to the dead-letter exchange of its queue", async () => {
    await channel.assertExchange("graves", "fanout");
    await channel.assertQueue("graves");
    await channel.bindQueue("graves", "graves", "");
    await channel.assertQueue("own", { arguments: { "x-dead-letter-exchange": "graves" } });
    await api.apply(
      followSource("own", uri("own"), subscriber),
      followSource("own-shop", "/shop", subscriber),
      rabbitmqSource("own", "rabbit", { predeclared: true }, { ceOverrides: { extensions: { region: "eu" } } }),
    );
    const headers = { "ce-specversion": "1.0", "ce-id": "b", "ce-source": "/shop", "ce-type": "order" };
    channel.sendToQueue("own", Buffer.from("text"), { headers, contentType: "text/plain" });
    const declared = { contentType: "application/cloudevents+json" };
    const structured = { specversion: "1.0", id: "s", source: "/shop", type: "order", data: { amount: 3 } };
    channel.sendToQueue("own", Buffer.from(JSON.stringify(structured)), declared);
    channel.sendToQueue("own", Buffer.from("{"), declared);
    channel.sendToQueue("own", Buffer.alloc(2 << 20, "x"), { messageId: "large" });
    channel.sendToQueue("own", Buffer.alloc(0));
    const [first, second] = await arrived("/own-shop", 2);
    expect(attributesOf(first!)).toEqual({
      "content-type": "text/plain",
      "ce-specversion": "1.0",
      "ce-id": "b",
      "ce-source": "/shop",
      "ce-type": "order",
      "ce-region": "eu",
    });
    expect(attributesOf(second!)).toMatchObject({ "ce-id": "s", "ce-region": "eu" });
    expect((await arrived("/own", 1))[0]!.body.length).toBe(0);
    const dead = (await api.dead()).filter(({ origin }) => origin?.queue === "own");
    expect(dead.map(({ reason, trigger }) => [reason, trigger])).toEqual([
      ["event-invalid", "rabbitmqsource/own"],
      ["event-refused", "rabbitmqsource/own"],
    ]);
    await awaitCondition(
      "both in the dead-letter queue",
      async () => (await channel.checkQueue("graves")).messageCount === 2,
    );
  });

  test("goes on after its queue was deleted and after the server closed its connection", async () => {
    await api.apply(
      followSource("deleted", uri("deleted"), subscriber),
      rabbitmqSource("deleted", "rabbit"),
      followSource("closed", uri("closed"), subscriber),
      rabbitmqSource("closed", "rabbit"),
    );
    await api.awaitReady("RabbitmqSource", "deleted");
    await api.awaitReady("RabbitmqSource", "closed");
    await channel.deleteQueue("deleted");
    await awaitCondition("it declares its queue again", () => consumersOf("deleted"), { withinMs, everyMs: 200 });
    channel.sendToQueue("deleted", Buffer.from("again"), { messageId: "again" });
    await arrived("/deleted", 1);
    const listed = await rabbitmq.ctl("list_connections", "pid", "client_properties");
    const own = listed.split("\n").filter((line) => line.includes("rouse default/closed"));
    expect(own).toHaveLength(1);
    await rabbitmq.ctl("close_connection", own[0]!.split("\t")[0]!, "maintenance");
    await awaitCondition("it connects again", () => consumersOf("closed"), { withinMs, everyMs: 200 });
    channel.sendToQueue("closed", Buffer.from("again"), { messageId: "again" });
    await arrived("/closed", 1);
    for (const name of ["deleted", "closed"]) await api.awaitReady("RabbitmqSource", name);
  });

  /** Looked at in a channel of its own: one that asks for a queue that is not there is closed. */
  const consumersOf = async (queue: string) => {
    const looking = await connection.createChannel();
    looking.on("error", () => undefined);
    const { consumerCount } = await looking.checkQueue(queue);
    await looking.close();
    return consumerCount > 0;
  };

  test("what is wrong is said in words, hurts no other source, and is mended without a restart", async () => {
    await using silent = await startSilentListener();
    const gone = `127.0.0.1:${await freePort()}`;
    const { user, host, port } = rabbitmq;
    const at = `${user}:${encodeURIComponent(wrongPassword)}`;
    await channel.assertQueue("taken", { durable: true, arguments: { "x-queue-type": "classic" } });
    await channel.assertQueue("exclusive");
    const { consumerTag } = await channel.consume("exclusive", () => undefined, { exclusive: true });
    const names = [
      "wrong-password",
      "wrong-user",
      "refused",
      "silent",
      "no-vhost",
      "no-uri",
      "wrong-ca",
      "taken",
      "missing",
      "exclusive",
    ];
    await api.apply(
      secret("wrong-password", { uri: `amqp://${at}@${host}:${port}` }),
      secret("wrong-user", { uri: `amqp://${host}:${port}`, username: "nobody", password: wrongPassword }),
      secret("refused", { uri: `amqp://${at}@${gone}` }),
      secret("silent", { uri: `amqp://${at}@${silent.address}` }),
      secret("no-vhost", { uri: `${rabbitmq.url}/nowhere` }),
      secret("no-uri", { url: rabbitmq.url }),
      secret("wrong-ca", { uri: rabbitmq.tlsUrl! }),
      ...["wrong-password", "wrong-user", "refused", "silent", "no-vhost", "no-uri", "wrong-ca"].map((name) =>
        rabbitmqSource(name, name),
      ),
      rabbitmqSource("taken", "rabbit"),
      rabbitmqSource("missing", "rabbit", { predeclared: true }),
      rabbitmqSource("exclusive", "rabbit", { predeclared: true }),
      ...names.map((name) => followSource(name, uri(name), subscriber)),
      followSource("good", uri("good"), subscriber),
      rabbitmqSource("good", "rabbit"),
    );
    await api.awaitReady("RabbitmqSource", "good");
    channel.publish("good", "", Buffer.from("one"), { messageId: "one" });
    await arrived("/good", 1);
    await Promise.all([
      saying("wrong-password", /refused user "rouse", the password is wrong or it may not log in/),
      saying("wrong-user", /refused user "nobody"/),
      saying("refused", new RegExp(`nothing listens at ${gone}`)),
      saying("silent", new RegExp(`RabbitMQ at ${silent.address} did not answer in time`)),
      saying("no-vhost", /did not open vhost "nowhere" for user "rouse"/),
      saying("no-uri", /secret default\/no-uri has no "uri" \(amqp:\/\/user:password@host:5672\/vhost\); it has "url"/),
      saying("wrong-ca", /certificate of RabbitMQ at localhost:\d+ is not trusted .*give the CA that signed it/),
      saying(
        "taken",
        /queue "taken" exists with other arguments: .*delete it there, or declare the source anew with predeclared: true/,
      ),
      saying("missing", /no queue "missing" in vhost "\/" \(NOT_FOUND\)/),
      saying("exclusive", /user "rouse" may not do this: consuming from queue "exclusive"/),
    ]);
    for (const name of names) expect((await api.condition("RabbitmqSource", name))?.status, name).toBe("False");
    const { certificates, tlsUrl, url } = rabbitmq;
    await api.delete("RabbitmqSource", "taken");
    await api.apply(
      ...["wrong-password", "wrong-user", "refused", "silent", "no-vhost", "no-uri"].map((name) =>
        secret(name, { uri: url }),
      ),
      secret("wrong-ca", { uri: tlsUrl!, "ca.crt": certificates!.ca }),
      rabbitmqSource("taken", "rabbit", { predeclared: true }),
    );
    await channel.assertQueue("missing");
    await channel.cancel(consumerTag);
    for (const name of names) {
      await awaitCondition(
        `${name} is ready`,
        async () => (await api.condition("RabbitmqSource", name))?.status === "True",
        {
          withinMs,
          evidence: () => api.condition("RabbitmqSource", name),
        },
      );
      channel.sendToQueue(name, Buffer.from(name), { messageId: name });
      expect(String((await arrived(`/${name}`, 1))[0]!.body)).toBe(name);
    }
    expect(server.running).toBe(true);
    expect(server.kills).toBe(0);
  });

  test("no password is said or kept anywhere", async () => {
    const { password, url } = rabbitmq;
    expect(await placesThatSay([password, url, wrongPassword], server, nats)).toEqual([]);
  });
});
