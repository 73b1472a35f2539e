import { mkdtemp, rm } from "node:fs/promises";
import { createServer, type Socket, connect as tcpConnect } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { sleep, systemClock } from "@rouse/base";
import { Kafka, logLevel } from "kafkajs";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { MemorySink } from "../memory-sink.testing.ts";
import { findKafka, type KafkaServer, makeCertificates, startKafka } from "../testing/index.ts";
import type { KafkaConnection } from "./connection.ts";
import { createKafkaSource, type KafkaSource, type KafkaSourceDefinition } from "./kafka-source.ts";

let kafka: KafkaServer;

function definitionOf(topic: string, connection: Partial<KafkaConnection> = {}): KafkaSourceDefinition {
  return {
    uid: `uid-${topic}`,
    namespace: "default",
    name: topic,
    connection: { bootstrapServers: [kafka.bootstrap], tls: undefined, sasl: undefined, ...connection },
    topics: [topic],
    consumerGroup: `group-${topic}`,
    consumers: 1,
    initialOffset: "earliest",
    ordering: "ordered",
    keyType: "string",
    ceOverrides: undefined,
  };
}

function sourceOf(definition: KafkaSourceDefinition, sink = new MemorySink(systemClock)): KafkaSource {
  const times = { drainMs: 2_000, requestTimeoutMs: 2_000, sessionTimeoutMs: 6_000 };
  const source = createKafkaSource({ definition, sink, clock: systemClock, random: Math.random, ...times });
  source.start();
  return source;
}

async function produce(topic: string, values: readonly string[]): Promise<void> {
  const client = new Kafka({ brokers: [kafka.bootstrap], clientId: "test", logLevel: logLevel.NOTHING });
  const producer = client.producer({ allowAutoTopicCreation: false });
  await producer.connect();
  await producer.send({ topic, messages: values.map((value) => ({ value })) });
  await producer.disconnect();
}

async function until(what: string, source: KafkaSource, holds: () => boolean, withinMs = 20_000): Promise<void> {
  const end = performance.now() + withinMs;
  while (!holds()) {
    if (performance.now() > end) throw new Error(`not in ${withinMs} ms: ${what}; ${JSON.stringify(source.status())}`);
    await sleep(systemClock, 10);
  }
}

async function troubleOf(source: KafkaSource): Promise<string> {
  await until("it says what is wrong", source, () => source.status().trouble !== undefined);
  return source.status().trouble!.message;
}

/** A way to a broker that can fall silent without closing anything. */
async function wayTo(bootstrap: string) {
  const [host, port] = bootstrap.split(":") as [string, string];
  const sockets = new Set<Socket>();
  let silent = false;
  const server = createServer((near) => {
    const far = tcpConnect(Number(port), host);
    for (const [one, other] of [
      [near, far],
      [far, near],
    ] as const) {
      sockets.add(one);
      one.on("error", () => undefined);
      one.on("data", (data) => {
        if (!silent) other.write(data);
      });
      one.on("close", () => other.destroy());
    }
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return {
    port: (server.address() as { port: number }).port,
    fallSilent(value: boolean) {
      silent = value;
    },
    async [Symbol.asyncDispose]() {
      for (const socket of sockets) socket.destroy();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

describe.skipIf(!findKafka({ own: true }))("kafka source, when something is wrong", () => {
  beforeAll(async () => {
    kafka = await startKafka({ sasl: true, tls: true, clientCertificate: "required" });
  });
  afterAll(async () => kafka?.[Symbol.asyncDispose]());

  test("a broker that is killed and comes back: says so meanwhile, and every record is stored once by its id", async () => {
    await kafka.createTopic("restart", 2);
    const sink = new MemorySink(systemClock);
    await using source = sourceOf(definitionOf("restart"), sink);
    await produce("restart", ["a", "b", "c"]);
    await until("they are stored", source, () => sink.stored.length === 3);
    await kafka.kill();
    expect(await troubleOf(source)).toMatch(/broker 127\.0\.0\.1:\d+ (refused|closed) the connection/);
    await kafka.run();
    await produce("restart", ["d", "e"]);
    await until("the next are stored", source, () => sink.stored.length === 5, 40_000);
    await until("nothing is wrong", source, () => source.status().trouble === undefined);
    await until("all is committed", source, () => source.status().lag === 0);
  });

  test("a broker that is not there from the start: says so, and the source stops at once", async () => {
    await using way = await wayTo(kafka.bootstrap);
    const gone = `127.0.0.1:${way.port}`;
    await way[Symbol.asyncDispose]();
    const source = sourceOf(definitionOf("nowhere", { bootstrapServers: [gone] }));
    expect(await troubleOf(source)).toBe(`broker ${gone} refused the connection`);
    const since = performance.now();
    await source[Symbol.asyncDispose]();
    expect(performance.now() - since).toBeLessThan(1_500);
    expect(source.status().phase).toBe("closed");
  });

  test("a broker that takes connections and never answers is told of", async () => {
    await using way = await wayTo(kafka.bootstrap);
    way.fallSilent(true);
    const bootstrap = `127.0.0.1:${way.port}`;
    await using source = sourceOf(definitionOf("silent", { bootstrapServers: [bootstrap] }));
    expect(await troubleOf(source)).toBe(`broker ${bootstrap} did not answer the ApiVersions request in time`);
  });

  test.each(["PLAIN", "SCRAM-SHA-256", "SCRAM-SHA-512"] as const)(
    "SASL %s: reads, and names the user who is refused",
    async (mechanism) => {
      const topic = `sasl-${mechanism}`;
      await kafka.createTopic(topic);
      await produce(topic, ["a"]);
      const sink = new MemorySink(systemClock);
      const bootstrapServers = [kafka.saslBootstrap!];
      const { user, password } = kafka;
      {
        await using source = sourceOf(
          definitionOf(topic, { bootstrapServers, sasl: { mechanism, user, password } }),
          sink,
        );
        await until("it is stored", source, () => sink.stored.length === 1);
      }
      const wrong = { mechanism, user, password: "wrong" };
      await using source = sourceOf(definitionOf(topic, { bootstrapServers, sasl: wrong }));
      expect(await troubleOf(source)).toBe(`SASL ${mechanism}: user "rouse" was refused (wrong user or password)`);
    },
  );

  test("SASL OAUTHBEARER: reads, and says when the token is refused", async () => {
    await kafka.createTopic("oauth");
    await produce("oauth", ["a"]);
    const sink = new MemorySink(systemClock);
    const bootstrapServers = [kafka.saslBootstrap!];
    {
      const sasl = { mechanism: "OAUTHBEARER", token: kafka.token() } as const;
      await using source = sourceOf(definitionOf("oauth", { bootstrapServers, sasl }), sink);
      await until("it is stored", source, () => sink.stored.length === 1);
    }
    const sasl = { mechanism: "OAUTHBEARER", token: "none" } as const;
    await using source = sourceOf(definitionOf("oauth", { bootstrapServers, sasl }));
    expect(await troubleOf(source)).toBe("SASL OAUTHBEARER: the token was refused");
  });

  test("TLS: reads with the CA and a client certificate, and says which of them is wrong", async () => {
    await kafka.createTopic("tls");
    await produce("tls", ["a"]);
    const sink = new MemorySink(systemClock);
    const address = kafka.tlsBootstrap!;
    const bootstrapServers = [address];
    const { ca, client } = kafka.certificates!;
    const tls = { ca, cert: client.cert, key: client.key };
    {
      await using source = sourceOf(definitionOf("tls", { bootstrapServers, tls }), sink);
      await until("it is stored", source, () => sink.stored.length === 1);
    }
    const folder = await mkdtemp(join(tmpdir(), "rouse-ca-"));
    const another = await makeCertificates(folder);
    await rm(folder, { recursive: true });
    {
      await using source = sourceOf(definitionOf("tls", { bootstrapServers, tls: { ...tls, ca: another.ca } }));
      expect(await troubleOf(source)).toBe(`the certificate of broker ${address} is not signed by the CA given`);
    }
    {
      await using source = sourceOf(definitionOf("tls", { bootstrapServers, tls: {} }));
      expect(await troubleOf(source)).toContain(`the certificate of broker ${address} is not signed by`);
    }
    {
      await using source = sourceOf(definitionOf("tls", { bootstrapServers, tls: { ca } }));
      expect(await troubleOf(source)).toBe(`broker ${address} asks for a client certificate, and none was given`);
    }
    {
      await using source = sourceOf(definitionOf("tls", { bootstrapServers: [kafka.bootstrap], tls }));
      expect(await troubleOf(source)).toBe(`broker ${kafka.bootstrap} does not speak TLS on this port`);
    }
    {
      await using source = sourceOf(definitionOf("tls", { bootstrapServers }));
      expect(await troubleOf(source)).toContain(`broker ${address} closed the connection (does it want TLS?`);
    }
  });
});
