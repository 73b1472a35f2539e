import { type Channel, type ChannelModel, connect, type GetMessage } from "amqplib";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { Api, broker, ofType, refTo, trigger } from "../harness/api.ts";
import { awaitCondition, awaitValue } from "../harness/await-condition.ts";
import { findRabbitmq, rabbitmqHint, startRabbitmq } from "../harness/kafka.ts";
import { placesThatSay } from "../harness/leaks.ts";
import { type NatsServer, natsServers, startNats } from "../harness/nats.ts";
import { postEvent, structuredOf } from "../harness/post-event.ts";
import { type ServerProcess, startServerProcess } from "../harness/server-process.ts";
import { rabbitmqSink, secret } from "../harness/source-manifests.ts";
import { type Subscriber, startSubscriber, status } from "../harness/subscriber.ts";

const [binary] = (await natsServers()).slice(-1);
const ready = binary !== undefined && findRabbitmq({ own: true }) !== undefined;
const withinMs = 40_000;

describe.skipIf(!ready && process.env.CI !== "true")(`RabbitmqSink (${rabbitmqHint})`, () => {
  let rabbitmq: Awaited<ReturnType<typeof startRabbitmq>>;
  let connection: ChannelModel;
  let channel: Channel;
  let nats: NatsServer;
  let server: ServerProcess;
  let subscriber: Subscriber;
  let api: Api;

  const connectAgain = async () => {
    connection = await connect(rabbitmq.url);
    connection.on("error", () => undefined);
    channel = await connection.createChannel();
    channel.on("error", () => undefined);
  };
  beforeAll(async () => {
    rabbitmq = await startRabbitmq({ own: true });
    nats = await startNats(binary!);
    server = await startServerProcess({ nats });
    subscriber = await startSubscriber();
    await connectAgain();
    await channel.assertExchange("orders", "topic");
    await channel.assertQueue("orders", { durable: true });
    await channel.bindQueue("orders", "orders", "com.example.#");
    api = new Api(server);
    await api.apply(
      broker(),
      secret("rabbit", { uri: rabbitmq.url }),
      rabbitmqSink("orders", "rabbit", "orders"),
      rabbitmqSink("keyed", "rabbit", "", { routingKey: "orders", contentMode: "structured" }),
    );
  }, 90_000);
  afterAll(async () => {
    await connection?.close().catch(() => undefined);
    for (const one of [server, subscriber, nats, rabbitmq]) await one?.[Symbol.asyncDispose]();
  });

  const address = (name: string) => `${server.dataPlane}/-/rabbitmqsinks/default/${name}`;
  const next = (id: string) =>
    awaitValue(
      `message ${id}`,
      async (): Promise<GetMessage | undefined> => {
        const message = (await channel.get("orders", { noAck: true })) || undefined;
        return message?.properties.messageId === id || message?.content.includes(`"${id}"`) ? message : undefined;
      },
      { withinMs },
    );

  test("an event that is posted is a confirmed message, in both modes", async () => {
    const event = { id: "1", source: "/shop", type: "com.example.order", subject: "17" };
    expect((await postEvent(address("orders"), event, '{"n":1}')).status).toBe(202);
    const { properties, fields, content } = await next("1");
    expect(fields.routingKey).toBe("com.example.order");
    expect(properties).toMatchObject({ messageId: "1", contentType: "application/json", deliveryMode: 2 });
    expect(properties.headers).toMatchObject({
      "ce-specversion": "1.0",
      "ce-id": "1",
      "ce-source": "/shop",
      "ce-type": "com.example.order",
      "ce-subject": "17",
    });
    expect(String(content)).toBe('{"n":1}');
    expect((await postEvent(address("orders"), structuredOf({ ...event, id: "2", data: { n: 2 } }))).status).toBe(202);
    expect(JSON.parse(String((await next("2")).content))).toEqual({ n: 2 });
    expect((await postEvent(address("keyed"), { ...event, id: "3", type: "anything" }, '{"n":3}')).status).toBe(202);
    const whole = await next("3");
    expect(whole.properties.contentType).toMatch(/^application\/cloudevents\+json/);
    expect(JSON.parse(String(whole.content))).toMatchObject({ id: "3", type: "anything", data: { n: 3 } });
    await api.awaitReady("RabbitmqSink", "orders");
  });

  test("what no queue takes is refused, and a dead record when a trigger sent it", async () => {
    const answer = await postEvent(address("orders"), { id: "4", source: "/shop", type: "org.other" });
    expect([answer.status, await answer.json()]).toMatchObject([
      413,
      { code: "SERVER_SINK_REFUSED", detail: expect.stringContaining('no queue takes the event: exchange "orders"') },
    ]);
    await api.apply(trigger("unroutable", refTo("RabbitmqSink", "orders"), ofType("org.unroutable")));
    await postEvent(server.broker(), { id: "5", source: "/shop", type: "org.unroutable" });
    const dead = await awaitValue("a dead record", async () =>
      (await api.dead()).find((each) => each.trigger === "unroutable"),
    );
    expect(dead).toMatchObject({
      attempts: 1,
      message: expect.stringContaining("/-/rabbitmqsinks/default/orders answered 413"),
    });
    expect((await postEvent(`${address("nobody")}`, { id: "6", source: "/s", type: "t" })).status).toBe(404);
  });

  test("takes what a trigger sends, and dead letters", async () => {
    subscriber.on("/refuses", () => status(400));
    const deadLetterSink = refTo("RabbitmqSink", "orders");
    await api.apply(
      trigger("to-sink", refTo("RabbitmqSink", "orders"), ofType("com.example.direct")),
      trigger("refused", subscriber.url("/refuses"), {
        ...ofType("com.example.refused"),
        delivery: { deadLetterSink },
      }),
    );
    await postEvent(server.broker(), { id: "7", source: "/shop", type: "com.example.direct" }, "{}");
    expect((await next("7")).properties.headers).toMatchObject({ "ce-id": "7", "ce-type": "com.example.direct" });
    await postEvent(server.broker(), { id: "8", source: "/shop", type: "com.example.refused" }, "{}");
    const letter = await next("8");
    expect(letter.properties.headers).toMatchObject({ "ce-id": "8", "ce-knativeerrorcode": "400" });
    const record = await awaitValue("its record", async () =>
      (await api.dead()).find((each) => each.trigger === "refused"),
    );
    expect(record.deadLetter).toMatchObject({ kind: "accepted" });
  });

  test("an exchange that is missing is said in words, and used once it is there", async () => {
    await api.apply(rabbitmqSink("later", "rabbit", "later"));
    const event = { id: "9", source: "/shop", type: "com.example.later" };
    const answer = await postEvent(address("later"), event);
    expect(answer.status).toBe(503);
    expect(Number(answer.headers.get("retry-after"))).toBeGreaterThan(0);
    expect(await answer.json()).toMatchObject({ detail: expect.stringContaining('no exchange "later"') });
    const said = await api.awaitReady("RabbitmqSink", "later", "False");
    expect(said.message).toContain('no exchange "later" in vhost "/"');
    await channel.assertExchange("later", "fanout");
    await channel.bindQueue("orders", "later", "");
    await awaitCondition("it takes the event", async () => (await postEvent(address("later"), event)).status === 202, {
      withinMs,
      everyMs: 200,
    });
    await next("9");
    await api.awaitReady("RabbitmqSink", "later");
  });

  test("while RabbitMQ is away, posts are answered 503 and deliveries wait", async () => {
    await api.apply(trigger("waits", refTo("RabbitmqSink", "orders"), ofType("com.example.waits")));
    await rabbitmq.kill();
    const refused = await postEvent(address("orders"), { id: "10", source: "/shop", type: "com.example.order" });
    expect(refused.status).toBe(503);
    await postEvent(server.broker(), { id: "11", source: "/shop", type: "com.example.waits" }, "{}");
    await awaitCondition("it says so", async () => {
      const { status: is, message = "" } = (await api.condition("RabbitmqSink", "orders")) ?? {};
      return is === "False" && /nothing listens at|was lost/.test(message);
    });
    await rabbitmq.run();
    await connectAgain();
    await next("11");
    await api.awaitReady("RabbitmqSink", "orders");
    expect((await api.dead()).some((each) => each.trigger === "waits")).toBe(false);
  });

  test("no password is said or kept anywhere", async () => {
    expect(await placesThatSay([rabbitmq.password, rabbitmq.url], server, nats)).toEqual([]);
  });
});
