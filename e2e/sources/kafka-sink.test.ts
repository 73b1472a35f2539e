import { Kafka, logLevel } from "kafkajs";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { Api, broker, ofType, refTo, trigger } from "../harness/api.ts";
import { awaitCondition, awaitValue } from "../harness/await-condition.ts";
import { findKafka, type KafkaServer, kafkaHint, startKafka } from "../harness/kafka.ts";
import { placesThatSay } from "../harness/leaks.ts";
import { type NatsServer, natsServers, startNats } from "../harness/nats.ts";
import { postEvent, structuredOf } from "../harness/post-event.ts";
import { rawRequest } from "../harness/raw-http.ts";
import { type ServerProcess, startServerProcess } from "../harness/server-process.ts";
import { kafkaSink, secret } from "../harness/source-manifests.ts";
import { type Subscriber, startSubscriber, status } from "../harness/subscriber.ts";

const [binary] = (await natsServers()).slice(-1);
const ready = binary !== undefined && findKafka({ own: true }) !== undefined;
const withinMs = 40_000;

interface Written {
  readonly key: string | undefined;
  readonly value: string | undefined;
  readonly headers: Readonly<Record<string, string>>;
}

describe.skipIf(!ready && process.env.CI !== "true")(`KafkaSink (${kafkaHint})`, () => {
  let kafka: KafkaServer;
  let nats: NatsServer;
  let server: ServerProcess;
  let subscriber: Subscriber;
  let api: Api;
  let closeReader: () => Promise<void>;
  const written: Written[] = [];

  beforeAll(async () => {
    kafka = await startKafka({ sasl: true });
    nats = await startNats(binary!);
    server = await startServerProcess({ nats });
    subscriber = await startSubscriber();
    await kafka.createTopic("orders");
    const consumer = new Kafka({ brokers: [kafka.bootstrap], logLevel: logLevel.NOTHING }).consumer({
      groupId: "test",
    });
    closeReader = () => consumer.disconnect();
    await consumer.connect();
    await consumer.subscribe({ topic: "orders", fromBeginning: true });
    await consumer.run({
      eachMessage: async ({ message: { key, value, headers = {} } }) => {
        const texts = Object.entries(headers).map(([name, text]) => [name, String(text)]);
        written.push({ key: key?.toString(), value: value?.toString(), headers: Object.fromEntries(texts) });
      },
    });
    const { user, password } = kafka;
    const auth = { auth: { secret: { ref: { name: "kafka" } } } };
    api = new Api(server);
    await api.apply(
      broker(),
      secret("kafka", { protocol: "SASL_PLAINTEXT", "sasl.mechanism": "SCRAM-SHA-256", user, password }),
      kafkaSink("orders", kafka.saslBootstrap!, "orders", auth),
      kafkaSink("structured", kafka.bootstrap, "orders", { contentMode: "structured" }),
    );
  }, 90_000);
  afterAll(async () => {
    await closeReader?.();
    for (const one of [server, subscriber, nats, kafka]) await one?.[Symbol.asyncDispose]();
  });

  const address = (name: string) => `${server.dataPlane}/-/kafkasinks/default/${name}`;
  const record = (id: string) =>
    awaitValue(
      `record of ${id}`,
      () => written.find(({ value, headers }) => headers.ce_id === id || value?.includes(`"id":"${id}"`)),
      { withinMs, evidence: () => written },
    );

  test("an event that is posted is a record, in both modes, and partitionkey is its key", async () => {
    const event = { id: "1", source: "/shop", type: "order", partitionkey: "ada" };
    expect((await postEvent(address("orders"), event, '{"n":1}')).status).toBe(202);
    expect(await record("1")).toEqual({
      key: "ada",
      value: '{"n":1}',
      headers: {
        ce_specversion: "1.0",
        ce_id: "1",
        ce_source: "/shop",
        ce_type: "order",
        ce_partitionkey: "ada",
        "content-type": "application/json",
      },
    });
    const structured = structuredOf({ id: "2", source: "/shop", type: "order", data: { n: 2 } });
    expect((await postEvent(address("orders"), structured)).status).toBe(202);
    expect(await record("2")).toMatchObject({ key: undefined, value: '{"n":2}', headers: { ce_id: "2" } });
    expect((await postEvent(address("structured"), { ...event, id: "3" }, '{"n":3}')).status).toBe(202);
    const whole = await record("3");
    expect(whole.headers["content-type"]).toMatch(/^application\/cloudevents\+json/);
    expect(JSON.parse(whole.value!)).toMatchObject({ id: "3", partitionkey: "ada", data: { n: 3 } });
    await api.awaitReady("KafkaSink", "orders");
  });

  test("takes what a trigger sends, and dead letters; what is too large is refused", async () => {
    subscriber.on("/refuses", () => status(400));
    const deadLetterSink = refTo("KafkaSink", "orders");
    await api.apply(
      trigger("to-sink", refTo("KafkaSink", "orders"), ofType("direct")),
      trigger("refused", subscriber.url("/refuses"), { ...ofType("refused"), delivery: { deadLetterSink } }),
    );
    await postEvent(server.broker(), { id: "4", source: "/shop", type: "direct" }, "{}");
    expect(await record("4")).toMatchObject({ headers: { ce_id: "4", ce_type: "direct" } });
    await postEvent(server.broker(), { id: "5", source: "/shop", type: "refused" }, "{}");
    expect(await record("5")).toMatchObject({ headers: { ce_knativeerrorcode: "400" } });
    // Of the body nothing is sent: the answer comes before it is read, and then the connection is closed.
    const { pathname, origin } = new URL(address("orders"));
    const head = [`POST ${pathname} HTTP/1.1`, "host: rouse", "content-length: 1200000", "", ""];
    const large = await rawRequest(origin, head.join("\r\n"));
    expect([large.status, large.text]).toEqual([413, expect.stringMatching(/"code":"[A-Z_]+"/)]);
  });

  test("a topic that is missing is said in words; with numPartitions it is created", async () => {
    await api.apply(
      kafkaSink("absent", kafka.bootstrap, "absent"),
      kafkaSink("created", kafka.bootstrap, "created", { numPartitions: 2, replicationFactor: 1 }),
    );
    const event = { id: "7", source: "/shop", type: "order" };
    const answer = await postEvent(address("absent"), event);
    expect(answer.status).toBe(503);
    expect(Number(answer.headers.get("retry-after"))).toBeGreaterThan(0);
    expect((await api.awaitReady("KafkaSink", "absent", "False")).message).toContain('topic "absent" does not exist');
    const taken = async () => (await postEvent(address("created"), event)).status === 202;
    await awaitCondition("its topic to be created", taken, { withinMs, everyMs: 200 });
  });

  test("while Kafka is away, posts are answered 503 and deliveries wait", async () => {
    await api.apply(trigger("waits", refTo("KafkaSink", "structured"), ofType("waits")));
    await kafka.kill();
    const answer = await postEvent(address("structured"), { id: "8", source: "/shop", type: "order" });
    expect(answer.status).toBe(503);
    expect((await api.awaitReady("KafkaSink", "structured", "False")).message).toMatch(/refused|closed|lost/);
    await postEvent(server.broker(), { id: "9", source: "/shop", type: "waits" }, "{}");
    await kafka.run();
    await record("9");
    await api.awaitReady("KafkaSink", "structured");
    expect((await api.dead()).some((each) => each.trigger === "waits")).toBe(false);
  });

  test("no password is said or kept anywhere", async () => {
    expect(await placesThatSay([kafka.password], server, nats)).toEqual([]);
  });
});
