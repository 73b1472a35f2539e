import { connect } from "amqplib";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { Api, broker, type Manifest } from "../harness/api.ts";
import { awaitCondition, pause } from "../harness/await-condition.ts";
import {
  connectProducer,
  findKafka,
  findRabbitmq,
  type KafkaServer,
  kafkaHint,
  rabbitmqHint,
  startKafka,
  startRabbitmq,
} from "../harness/kafka.ts";
import { connectRaw, type NatsServer, natsServers, type RawNats, startNats } from "../harness/nats.ts";
import { killTiming } from "../harness/server-config.ts";
import { type ServerProcess, startServerProcess } from "../harness/server-process.ts";

const log = "ROUSE_LOG_default_default";
const records = 1_200;
const kills = 4;
const settleMs = 90_000;

/** Moments of the kills, milliseconds: a fixed seed, so that a run can be repeated. */
function* moments(): Generator<number> {
  let seed = 20_261_122;
  for (;;) {
    seed = (seed * 1_103_515_245 + 12_345) % 2 ** 31;
    yield 150 + (seed % 450);
  }
}

function kafkaSource(kafka: KafkaServer, topic: string, ordering: string): Manifest {
  return {
    apiVersion: "sources.knative.dev/v1",
    kind: "KafkaSource",
    metadata: { name: topic },
    spec: {
      bootstrapServers: [kafka.bootstrap],
      topics: [topic],
      consumerGroup: `group-${topic}`,
      initialOffset: "earliest",
      ordering,
      sink: { ref: { apiVersion: "eventing.knative.dev/v1", kind: "Broker", name: "default" } },
    },
  };
}

function rabbitmqSource(name: string, parallelism: number): Manifest {
  return {
    apiVersion: "sources.knative.dev/v1alpha1",
    kind: "RabbitmqSource",
    metadata: { name },
    spec: {
      rabbitmqClusterReference: { connectionSecret: { name: "rabbit" } },
      rabbitmqResourcesConfig: { exchangeName: name, queueName: name, parallelism },
      sink: { ref: { apiVersion: "eventing.knative.dev/v1", kind: "Broker", name: "default" } },
    },
  };
}

/** The ids in the log, in its order. */
async function idsIn(raw: RawNats): Promise<string[]> {
  return (await raw.messages(log)).map((message) => decodeURIComponent(message.headers["ce-id"] ?? ""));
}

/** The ids in the log, once every one of {@link records} is there. */
async function allStored(raw: RawNats): Promise<string[]> {
  let ids: string[] = [];
  const all = async () => {
    if (((await raw.count(log)) ?? 0) < records) return false;
    ids = await idsIn(raw);
    return new Set(ids).size >= records;
  };
  const evidence = () => `${new Set(ids).size} of ${records}`;
  await awaitCondition("everything to be stored", all, { withinMs: settleMs, everyMs: 200, evidence });
  return ids;
}

async function killAtRandom(server: ServerProcess, nats: NatsServer, stopped: () => boolean): Promise<void> {
  const when = moments();
  for (let kill = 0; kill < kills && !stopped(); kill++) {
    await pause(when.next().value);
    if (kill % 2 === 0) {
      await server.kill();
      await server.restart();
    } else {
      await nats.kill();
      await nats.restart();
    }
  }
}

const [binary] = (await natsServers()).slice(-1);
const ready = binary !== undefined && findKafka() !== undefined;

describe.skipIf(!ready && process.env.CI !== "true")(`promise 8: Kafka (${kafkaHint})`, () => {
  let kafka: KafkaServer;
  beforeAll(async () => {
    kafka = await startKafka();
  }, 90_000);
  afterAll(() => kafka[Symbol.asyncDispose]());

  for (const ordering of ["ordered", "unordered"]) {
    test(`no ${ordering} record is lost or stored twice when server and NATS are killed`, async () => {
      await using nats = await startNats(binary!);
      await using server = await startServerProcess({ nats, brokerTiming: killTiming });
      const api = new Api(server);
      const topic = `killed-${ordering}`;
      await kafka.createTopic(topic, 4);
      await api.apply(broker(), kafkaSource(kafka, topic, ordering));
      await using producer = await connectProducer(kafka);
      let sent = 0;
      const producing = (async () => {
        for (; sent < records; sent += 20) {
          const batch = Array.from({ length: 20 }, (_, at) => ({
            value: `record ${sent + at}`,
            partition: (sent + at) % 4,
          }));
          await producer.send(topic, batch);
          await pause(20);
        }
      })();
      await killAtRandom(server, nats, () => sent >= records);
      await producing;
      await using raw = await connectRaw(nats);
      const ids = await allStored(raw);
      expect(new Set(ids).size).toBe(records);
      expect(ids.length, "stored twice").toBe(records);
      if (ordering === "ordered") {
        for (let partition = 0; partition < 4; partition++) {
          const offsets = ids
            .filter((id) => id.startsWith(`partition:${partition}/`))
            .map((id) => Number(id.slice(id.lastIndexOf(":") + 1)));
          expect(offsets).toEqual([...offsets].sort((a, b) => a - b));
        }
      }
    });
  }

  test("a clean restart loses nothing and repeats nothing", async () => {
    await using nats = await startNats(binary!);
    await using server = await startServerProcess({ nats });
    const api = new Api(server);
    await kafka.createTopic("restarted", 2);
    await api.apply(broker(), kafkaSource(kafka, "restarted", "ordered"));
    await using producer = await connectProducer(kafka);
    const send = (from: number) =>
      producer.send(
        "restarted",
        Array.from({ length: 100 }, (_, at) => ({ value: `record ${from + at}`, partition: at % 2 })),
      );
    await send(0);
    await using raw = await connectRaw(nats);
    await awaitCondition("the first to be stored", async () => (await raw.count(log)) === 100, { withinMs: settleMs });
    await server.kill("SIGTERM");
    await send(100);
    await server.restart();
    await awaitCondition("the rest to be stored", async () => ((await raw.count(log)) ?? 0) >= 200, {
      withinMs: settleMs,
    });
    expect(new Set(await idsIn(raw)).size).toBe(200);
    expect(await raw.count(log)).toBe(200);
  });
});

const rabbitReady = binary !== undefined && findRabbitmq() !== undefined;

describe.skipIf(!rabbitReady && process.env.CI !== "true")(`promise 8: RabbitMQ (${rabbitmqHint})`, () => {
  test("no message is lost or stored twice when server and NATS are killed", async () => {
    await using rabbitmq = await startRabbitmq();
    await using nats = await startNats(binary!);
    await using server = await startServerProcess({ nats, brokerTiming: killTiming });
    const api = new Api(server);
    await api.apply(
      { apiVersion: "v1", kind: "Secret", metadata: { name: "rabbit" }, stringData: { uri: rabbitmq.url } },
      broker(),
      rabbitmqSource("killed", 50),
    );
    await api.awaitReady("RabbitmqSource", "killed");
    const connection = await connect(rabbitmq.url);
    const channel = await connection.createConfirmChannel();
    let sent = 0;
    const producing = (async () => {
      for (; sent < records; sent++) {
        channel.publish("killed", "", Buffer.from(`message ${sent}`), { messageId: `m-${sent}`, persistent: true });
        if (sent % 20 === 19) {
          await channel.waitForConfirms();
          await pause(20);
        }
      }
      await channel.waitForConfirms();
    })();
    await killAtRandom(server, nats, () => sent >= records);
    await producing;
    await connection.close();
    await using raw = await connectRaw(nats);
    const ids = await allStored(raw);
    expect(ids.length, "stored twice").toBe(records);
  });
});
