import { connectNats } from "@rouse/broker";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { Api, broker } from "../harness/api.ts";
import { awaitCondition, pause } from "../harness/await-condition.ts";
import { connectRaw, type NatsServer, natsServers, startNats } from "../harness/nats.ts";
import { killTiming } from "../harness/server-config.ts";
import { type ServerProcess, startServerProcess } from "../harness/server-process.ts";
import { followSource, natsSource } from "../harness/source-manifests.ts";
import { attributesOf, type Subscriber, startSubscriber } from "../harness/subscriber.ts";

const [binary] = (await natsServers()).slice(-1);
const log = "ROUSE_LOG_default_default";
const messages = 1_000;
const kills = 4;

function uri(name: string, place: string): string {
  return `/apis/v1/namespaces/default/natssources/${name}#${place}`;
}

describe.skipIf(binary === undefined && process.env.CI !== "true")("NatsSource", () => {
  let nats: NatsServer;
  let server: ServerProcess;
  let subscriber: Subscriber;
  let connection: Awaited<ReturnType<typeof connectNats>>;
  let api: Api;

  beforeAll(async () => {
    nats = await startNats(binary!);
    server = await startServerProcess({ nats, brokerTiming: killTiming });
    subscriber = await startSubscriber();
    connection = await connectNats({ servers: [nats.url], user: nats.user, password: nats.password });
    api = new Api(server);
    await api.apply(broker());
  });
  afterAll(async () => {
    await connection?.close();
    for (const one of [server, subscriber, nats]) await one?.[Symbol.asyncDispose]();
  });

  const createStream = async (name: string, subject: string) => {
    const config = { name, subjects: [subject], storage: "file", retention: "limits", discard: "old", num_replicas: 1 };
    const answer = await connection.request(`$JS.API.STREAM.CREATE.${name}`, JSON.stringify(config), {
      timeout: 5_000,
    });
    expect(answer.json<{ error?: object }>().error).toBeUndefined();
  };

  test("messages of a subject become events", async () => {
    await api.apply(
      followSource("subject", uri("subject", "sensors.%3E"), subscriber),
      natsSource("subject", { subject: "sensors.>" }),
    );
    await api.awaitReady("NatsSource", "subject");
    connection.publish("sensors.kitchen", "21.5");
    await connection.flush();
    await awaitCondition("it arrives", () => subscriber.received("/subject").length === 1);
    const [event] = subscriber.received("/subject");
    expect(attributesOf(event!)).toMatchObject({
      "ce-source": uri("subject", "sensors.%3E"),
      "ce-type": "dev.rouse.nats.message",
      "ce-subject": "sensors.kitchen",
    });
    expect(String(event!.body)).toBe("21.5");
  });

  test("a stream that is missing is said in words, and read once it is there", async () => {
    await api.apply(natsSource("later", { stream: { name: "LATER", deliverPolicy: "all" } }));
    const said = await api.awaitReady("NatsSource", "later", "False");
    expect(said.message).toMatch(/LATER/);
    await api.apply(followSource("later", uri("later", "LATER"), subscriber));
    await createStream("LATER", "later.>");
    await connection.request("later.one", "1", { timeout: 5_000 });
    await awaitCondition("it arrives", () => subscriber.received("/later").length === 1, { withinMs: 40_000 });
    await awaitCondition("it is ready", async () => (await api.condition("NatsSource", "later"))?.status === "True");
  });

  test("no message of a stream is lost or stored twice when the server is killed under load", async () => {
    await createStream("ORDERS", "orders.>");
    await api.apply(natsSource("orders", { stream: { name: "ORDERS", deliverPolicy: "all" } }));
    let sent = 0;
    const producing = (async () => {
      for (; sent < messages; sent++) {
        await connection.request(`orders.${sent % 4}`, `message ${sent}`, { timeout: 5_000 });
        if (sent % 10 === 9) await pause(25);
      }
    })();
    for (let kill = 0; kill < kills; kill++) {
      await pause(200 + kill * 110);
      await server.kill();
      await server.restart();
    }
    await producing;
    expect(server.kills).toBe(kills);
    await using raw = await connectRaw(nats);
    const bodies = async () =>
      (await raw.messages(log))
        .filter(({ headers }) => decodeURIComponent(headers["ce-source"] ?? "") === uri("orders", "ORDERS"))
        .map(({ data }) => String(data));
    let found: readonly string[] = [];
    const all = async () => {
      found = await bodies();
      return new Set(found).size >= messages;
    };
    await awaitCondition("every message to be stored", all, {
      withinMs: 60_000,
      everyMs: 500,
      evidence: () => `${new Set(found).size} of ${messages}`,
    });
    await pause(500);
    expect((await bodies()).length, "stored twice").toBe(messages);
  });
});
