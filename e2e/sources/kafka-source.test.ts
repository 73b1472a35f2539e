import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { makeCertificates } from "@rouse/sources/testing";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { Api, broker, refTo, service } from "../harness/api.ts";
import { awaitCondition, awaitValue } from "../harness/await-condition.ts";
import {
  connectProducer,
  findKafka,
  type KafkaServer,
  kafkaHint,
  startKafka,
  type TestProducer,
} from "../harness/kafka.ts";
import { placesThatSay } from "../harness/leaks.ts";
import { type NatsServer, natsServers, startNats } from "../harness/nats.ts";
import { freePort, type ServerProcess, startServerProcess } from "../harness/server-process.ts";
import { startSilentListener } from "../harness/silent-listener.ts";
import { followSource, fromSecret, kafkaSource, secret } from "../harness/source-manifests.ts";
import { attributesOf, type Subscriber, startSubscriber } from "../harness/subscriber.ts";

const [binary] = (await natsServers()).slice(-1);
const ready = binary !== undefined && findKafka({ own: true }) !== undefined;
const withinMs = 40_000;
const wrongPassword = "not-the-Passw0rd/of+anyone";

function uri(name: string, topic = name): string {
  return `/apis/v1/namespaces/default/kafkasources/${name}#${topic}`;
}

describe.skipIf(!ready && process.env.CI !== "true")(`KafkaSource (${kafkaHint})`, () => {
  let kafka: KafkaServer;
  let nats: NatsServer;
  let server: ServerProcess;
  let subscriber: Subscriber;
  let producer: TestProducer;
  let api: Api;

  beforeAll(async () => {
    kafka = await startKafka({ sasl: true, tls: true, settings: { "message.max.bytes": String(8 << 20) } });
    nats = await startNats(binary!);
    server = await startServerProcess({ nats });
    subscriber = await startSubscriber();
    producer = await connectProducer(kafka);
    api = new Api(server);
    await api.apply(broker());
  }, 90_000);
  afterAll(async () => {
    await producer?.[Symbol.asyncDispose]();
    for (const one of [server, subscriber, nats, kafka]) await one?.[Symbol.asyncDispose]();
  });

  const arrived = async (path: string, count: number) => {
    const there = () => subscriber.received(path).length >= count;
    await awaitCondition(`${count} at ${path}`, there, {
      withinMs,
      evidence: () => api.condition("KafkaSource", path.slice(1)),
    });
    return subscriber.received(path);
  };
  const condition = (name: string, type = "Ready") => api.condition("KafkaSource", name, type);
  const saying = (name: string, words: RegExp, type?: string) =>
    awaitCondition(
      `KafkaSource ${name} to say ${words}`,
      async () => words.test((await condition(name, type))?.message ?? ""),
      {
        withinMs,
        everyMs: 200,
        evidence: () => condition(name, type),
      },
    );

  test("a record becomes an event with exactly Knative's attributes", async () => {
    await kafka.createTopic("wrapped", 2);
    await producer.send("wrapped", [
      {
        key: "ada",
        value: '{"amount":3}',
        partition: 1,
        headers: {
          "Content-Type": "Application/JSON",
          "X-Trace.Id": "t-1",
          tag: ["one", "two", "three"],
          constructor: "c",
          ["__proto__"]: "p",
          "\u{1f980}": "crab",
          bytes: Buffer.from([0xff, 0xfe]),
          empty: "",
        },
      },
    ]);
    await api.apply(
      followSource("wrapped", uri("wrapped"), subscriber),
      kafkaSource("wrapped", kafka.bootstrap, ["wrapped"]),
    );
    const [event] = await arrived("/wrapped", 1);
    const { "ce-time": time, ...attributes } = attributesOf(event!);
    expect(attributes).toEqual({
      "content-type": "application/json",
      "ce-specversion": "1.0",
      "ce-id": "partition:1/offset:0",
      "ce-source": uri("wrapped"),
      "ce-type": "dev.knative.kafka.event",
      "ce-subject": "partition:1#0",
      "ce-partitionkey": "ada",
      "ce-key": "ada",
      "ce-kafkaheaderxtraceid": "t-1",
      "ce-kafkaheadertag": "three",
      "ce-kafkaheadertag2": "one",
      "ce-kafkaheadertag3": "two",
      "ce-kafkaheaderconstructor": "c",
      "ce-kafkaheaderproto": "p",
      "ce-kafkaheader": "crab",
      "ce-kafkaheaderbytes": "//4=",
      "ce-kafkaheaderempty": "",
    });
    expect(Date.parse(time ?? "")).toBeGreaterThan(Date.now() - 60_000);
    expect(String(event!.body)).toBe('{"amount":3}');
    await api.awaitReady("KafkaSource", "wrapped");
  });

  test("events in records pass as they are; neither key nor value are needed; broken events are dead records", async () => {
    await kafka.createTopic("passed");
    const binaryEvent = { ce_specversion: "1.0", ce_id: "b", ce_source: "/shop", ce_type: "order" };
    const structured = { specversion: "1.0", id: "s", source: "/shop", type: "order", data: { amount: 3 } };
    const declared = { "content-type": "application/cloudevents+json" };
    await producer.send("passed", [
      { key: "k", value: "text", headers: { ...binaryEvent, "content-type": "text/plain", other: "x" } },
      { value: JSON.stringify(structured), headers: declared },
      { value: "{", headers: declared },
      { value: null, headers: { ce_specversion: "1.0", ce_type: "order" } },
      { key: null, value: null },
      { value: "last" },
    ]);
    await api.apply(
      followSource("passed-shop", "/shop", subscriber),
      followSource("passed", uri("passed"), subscriber),
      kafkaSource("passed", kafka.bootstrap, ["passed"], { ceOverrides: { extensions: { region: "eu" } } }),
    );
    const [nothing, last] = await arrived("/passed", 2);
    const [first, second] = await arrived("/passed-shop", 2);
    expect(attributesOf(first!)).toEqual({
      "content-type": "text/plain",
      "ce-specversion": "1.0",
      "ce-id": "b",
      "ce-source": "/shop",
      "ce-type": "order",
      "ce-region": "eu",
    });
    expect(attributesOf(second!)).toMatchObject({
      "ce-id": "s",
      "ce-region": "eu",
      "content-type": "application/json",
    });
    expect(JSON.parse(String(second!.body))).toEqual({ amount: 3 });
    expect(nothing!.body.length).toBe(0);
    expect(attributesOf(nothing!)).not.toHaveProperty("ce-key");
    expect(String(last!.body)).toBe("last");
    const dead = (await api.dead()).filter(({ origin }) => origin?.topic === "passed");
    expect(dead.map(({ origin, reason }) => [origin?.partition, origin?.offset, reason])).toEqual([
      [0, "2", "event-invalid"],
      [0, "3", "event-invalid"],
    ]);
  });

  test("a record of 5 MiB is a dead record with its coordinates, and its partition goes on", async () => {
    await kafka.createTopic("large");
    await producer.send("large", [{ value: "before" }, { key: "big", value: Buffer.alloc(5 << 20, "x") }]);
    await producer.send("large", [{ value: "after" }]);
    await api.apply(followSource("large", uri("large"), subscriber), kafkaSource("large", kafka.bootstrap, ["large"]));
    const events = await arrived("/large", 2);
    expect(events.map(({ body }) => String(body)).sort()).toEqual(["after", "before"]);
    const dead = (await api.dead()).find(({ origin }) => origin?.topic === "large");
    expect(dead).toMatchObject({
      origin: { topic: "large", partition: 0, offset: "1" },
      reason: "event-refused",
      trigger: "kafkasource/large",
    });
    await awaitCondition("nothing left to read", async () => (await lagOf("large")) === 0, { withinMs });
  });

  const lagOf = async (name: string) =>
    ((await api.get("KafkaSource", name))?.status as { lag?: number } | undefined)?.lag;

  test("a topic that is missing is said in words, and read once it is there; an empty one is fine", async () => {
    await kafka.createTopic("empty", 3);
    await api.apply(
      followSource("later", uri("later"), subscriber),
      kafkaSource("later", kafka.bootstrap, ["later"]),
      kafkaSource("empty", kafka.bootstrap, ["empty"]),
    );
    await api.awaitReady("KafkaSource", "empty");
    await saying("later", /^topic "later" does not exist/);
    await kafka.createTopic("later");
    await producer.send("later", [{ value: "here" }]);
    const [event] = await arrived("/later", 1);
    expect(String(event!.body)).toBe("here");
    await awaitCondition("it is ready", async () => (await api.condition("KafkaSource", "later"))?.status === "True", {
      withinMs,
      evidence: () => condition("later"),
    });
    await awaitCondition("three empty partitions", async () => {
      const status = (await api.get("KafkaSource", "empty"))?.status as
        | { partitions?: unknown[]; lag?: number }
        | undefined;
      return status?.partitions?.length === 3 && status.lag === 0;
    });
  });

  test("over SASL_SSL with Secrets, as v1beta1, to a URL through the internal log; and to a Service", async () => {
    await writeFile(join(server.dataDir, "teller.cjs"), teller);
    await kafka.createTopic("sealed");
    await producer.send("sealed", [{ key: "k", value: "sealed" }]);
    const { user, password, certificates } = kafka;
    const net = {
      tls: { enable: true, caCert: fromSecret("kafka", "ca.crt") },
      sasl: {
        enable: true,
        user: fromSecret("kafka", "user"),
        password: fromSecret("kafka", "password"),
        type: fromSecret("kafka", "type"),
      },
    };
    const toUrl = kafkaSource("sealed", kafka.saslTlsBootstrap!, ["sealed"], {
      net,
      ordering: "unordered",
      ceOverrides: { extensions: { region: "eu", key: "mine" } },
      sink: { uri: subscriber.url("/sealed") },
    });
    await api.apply(
      secret("kafka", { user, password, type: "SCRAM-SHA-512", "ca.crt": certificates!.ca }),
      service("teller", `${process.execPath} teller.cjs ${subscriber.url("/told")}`, {
        "rouse.dev/workdir": server.dataDir,
      }),
      { ...toUrl, apiVersion: "sources.knative.dev/v1beta1" },
      kafkaSource("told", kafka.bootstrap, ["sealed"], { sink: refTo("Service", "teller") }),
    );
    const [event] = await arrived("/sealed", 1);
    expect(attributesOf(event!)).toMatchObject({
      "ce-source": uri("sealed"),
      "ce-partitionkey": "k",
      "ce-key": "mine",
      "ce-region": "eu",
    });
    expect(String(event!.body)).toBe("sealed");
    const [told] = await arrived("/told", 1);
    expect(told).toMatchObject({ source: uri("told", "sealed"), id: "partition:0/offset:0" });
    const seen = await awaitValue("the source under v1", () => api.get("KafkaSource", "sealed"));
    expect(seen.apiVersion).toBe("sources.knative.dev/v1");
    await api.awaitReady("KafkaSource", "sealed");
  });

  test("what is wrong with a connection is said in words, hurts no other source, and is mended by a changed Secret", async () => {
    await using silent = await startSilentListener();
    const { ca: otherCa } = await makeCertificates(server.dataDir);
    await kafka.createTopic("doors");
    const { user, password, certificates } = kafka;
    const net = (name: string) => ({
      tls: { enable: true, caCert: fromSecret(name, "ca.crt") },
      sasl: { enable: true, user: fromSecret(name, "user"), password: fromSecret(name, "password") },
    });
    const whole = { user, password, "ca.crt": certificates!.ca };
    const sources = {
      "wrong-password": kafka.saslTlsBootstrap!,
      "wrong-ca": kafka.saslTlsBootstrap!,
      "no-password": kafka.saslTlsBootstrap!,
      refused: `127.0.0.1:${await freePort()}`,
      silent: silent.address,
    };
    await api.apply(
      secret("wrong-password", { ...whole, password: wrongPassword }),
      secret("wrong-ca", { ...whole, "ca.crt": otherCa }),
      secret("no-password", { user, "ca.crt": certificates!.ca }),
      ...Object.entries(sources).flatMap(([name, bootstrap]) => [
        followSource(name, uri(name, "doors"), subscriber),
        kafkaSource(name, bootstrap, ["doors"], bootstrap === kafka.saslTlsBootstrap ? { net: net(name) } : {}),
      ]),
      followSource("good", uri("good", "doors"), subscriber),
      kafkaSource("good", kafka.bootstrap, ["doors"]),
    );
    await producer.send("doors", [{ value: "knock" }]);
    await arrived("/good", 1);
    await Promise.all([
      saying("wrong-password", /^SASL PLAIN: user "rouse" was refused \(wrong user or password\)/),
      saying("wrong-ca", /^the certificate of broker 127\.0\.0\.1:\d+ is not signed by the CA given/),
      saying("no-password", /secret default\/no-password .*"password"/),
      saying("refused", new RegExp(`^broker ${sources.refused} refused the connection`)),
      saying("silent", new RegExp(`^broker ${silent.address} did not answer the ApiVersions request in time`)),
    ]);
    for (const name of Object.keys(sources))
      expect((await api.condition("KafkaSource", name))?.status, name).toBe("False");
    expect(await api.awaitReady("KafkaSource", "good")).toMatchObject({ status: "True" });
    const { pid } = server;
    for (const name of ["wrong-password", "wrong-ca", "no-password"]) await api.apply(secret(name, whole));
    for (const name of ["wrong-password", "wrong-ca", "no-password"]) {
      await arrived(`/${name}`, 1);
      await api.awaitReady("KafkaSource", name);
    }
    await producer.send("doors", [{ value: "knock again" }]);
    await arrived("/good", 2);
    expect(server.pid).toBe(pid);
    expect(server.running).toBe(true);
    expect(subscriber.received("/good").length).toBe(2);
  });

  test("no password is said or kept anywhere", async () => {
    expect(await placesThatSay([kafka.password, wrongPassword], server, nats, ["teller"])).toEqual([]);
  });
});

/** A function that tells the subscriber what it was sent. */
const teller = `
const { createServer } = require("node:http");
createServer((request, response) => {
  const headers = Object.fromEntries(Object.entries(request.headers).filter(([name]) => name.startsWith("ce-")));
  fetch(process.argv[2], { method: "POST", headers }).then(() => response.writeHead(202).end());
}).listen(Number(process.env.PORT), "127.0.0.1");
`;
