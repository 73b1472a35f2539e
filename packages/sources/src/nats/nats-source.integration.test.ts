import { jetstreamManager } from "@nats-io/jetstream";
import { headers, type NatsConnection } from "@nats-io/transport-node";
import { sleep, systemClock } from "@rouse/base";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { MemorySink } from "../memory-sink.testing.ts";
import type { SinkAnswer } from "../sink.ts";
import type { NatsSourceDefinition } from "./definition.ts";
import { NatsProcess, natsPrograms } from "./nats-process.testing.ts";
import { createNatsSource, type NatsSource, type NatsSourceOptions, type NatsSourceStatus } from "./nats-source.ts";
import { ownName } from "./own-name.ts";

const programs = await natsPrograms();
if (programs.length === 0) test.skip("nats source: no nats-server was found", () => {});

const away: SinkAnswer = { kind: "unavailable", reason: "away", retryAfterMs: 20 };

describe.each(programs)("nats-server $version", (program) => {
  let server: NatsProcess;
  let client: NatsConnection;
  let serial = 0;

  beforeAll(async () => {
    server = await NatsProcess.start(program);
    client = await server.connect();
  });
  afterAll(async () => {
    await client.close();
    await server[Symbol.asyncDispose]();
  });

  const jsm = () => jetstreamManager(client);
  const publish = async (subject: string, count: number, from = 1) => {
    for (let n = from; n < from + count; n++) await client.request(subject, `${n}`);
  };
  const makeStream = async (name: string, more: object = {}) => {
    const streams = (await jsm()).streams;
    return streams.add({ name, subjects: [`${name}.>`], ...more });
  };
  const define = (fields: Partial<NatsSourceDefinition>): NatsSourceDefinition => ({
    uid: `uid-${++serial}`,
    namespace: "default",
    name: "n",
    connection: { servers: [server.url], user: server.user, password: server.password },
    ceOverrides: undefined,
    ...fields,
  });
  const begin = (fields: Partial<NatsSourceDefinition>, options: Partial<NatsSourceOptions> = {}) => {
    const sink = new MemorySink(systemClock);
    const definition = define(fields);
    const source = createNatsSource({ definition, sink, clock: systemClock, random: Math.random, ...options });
    source.start();
    return { sink: (options.sink as MemorySink) ?? sink, source, definition };
  };
  const texts = (sink: MemorySink) => sink.stored.map(({ event }) => new TextDecoder().decode(event.data));
  const numbers = (count: number) => Array.from({ length: count }, (_, n) => `${n + 1}`);
  const reads = (source: NatsSource) => when(source, (status) => status.stream !== undefined);

  test("nats source: a stream's messages become events with its sequence, and are acknowledged", async () => {
    await makeStream("BASIC");
    await publish("BASIC.a", 3);
    const { sink, source, definition } = begin({ stream: { name: "BASIC", deliverPolicy: "all" } });
    await until(() => sink.stored.length === 3);
    const created = Date.parse((await (await jsm()).streams.info("BASIC")).created);
    expect(sink.stored.map(({ messageId }) => messageId)).toEqual(
      numbers(3).map((n) => `${definition.uid}/BASIC/${created}/${n}`),
    );
    expect(sink.stored[0]?.event.attributes).toMatchObject({
      id: "BASIC/1",
      source: "/apis/v1/namespaces/default/natssources/n#BASIC",
      type: "dev.rouse.nats.message",
      subject: "BASIC.a",
    });
    await until(async () => (await consumer(client, "BASIC", definition)).ack_floor.stream_seq === 3);
    expect(source.status()).toMatchObject({ phase: "running", connected: true, stored: 3, trouble: undefined });
    await source[Symbol.asyncDispose]();
    expect(source.status()).toMatchObject({ phase: "closed", connected: false, inFlight: 0 });
  });

  test("nats source: a new source takes what comes from then on, and goes on where it stopped", async () => {
    await makeStream("RESUME");
    await publish("RESUME.a", 2);
    const first = begin({ stream: { name: "RESUME" } });
    await reads(first.source);
    await publish("RESUME.a", 2, 3);
    await until(() => first.sink.stored.length === 2);
    await first.source[Symbol.asyncDispose]();
    await publish("RESUME.a", 2, 5);
    await using second = createNatsSource({
      definition: first.definition,
      sink: first.sink,
      clock: systemClock,
      random: Math.random,
    });
    second.start();
    await until(() => first.sink.stored.length === 4);
    expect(texts(first.sink)).toEqual(["3", "4", "5", "6"]);
  });

  test("nats source: nothing is acknowledged while the sink is unavailable, and nothing is lost or doubled", async () => {
    await makeStream("AWAY");
    const sink = new MemorySink(systemClock);
    sink.instead = () => away;
    const { source, definition } = begin({ stream: { name: "AWAY", deliverPolicy: "all" } }, { sink });
    await publish("AWAY.a", 400);
    await when(source, (status) => status.inFlight === 256);
    expect(source.status().trouble?.message).toBe("the sink is unavailable: away");
    expect((await consumer(client, "AWAY", definition)).ack_floor.stream_seq).toBe(0);
    sink.instead = undefined;
    await until(() => sink.stored.length === 400);
    expect(new Set(texts(sink)).size).toBe(400);
    await source[Symbol.asyncDispose]();
    expect((await consumer(client, "AWAY", definition)).num_redelivered).toBe(0);
  });

  test("nats source: an ordered source stores one at a time, in the order of the stream", async () => {
    await makeStream("ORDERED");
    await publish("ORDERED.a", 50);
    const sink = new MemorySink(systemClock);
    let busy = 0;
    let most = 0;
    sink.instead = async (event, messageId) => {
      most = Math.max(most, ++busy);
      await sleep(systemClock, Math.random() * 3);
      busy--;
      return Math.random() < 0.1 ? away : sink.store(event, messageId);
    };
    const stream = { name: "ORDERED", deliverPolicy: "all" } as const;
    const { source } = begin({ stream, ordering: "ordered" }, { sink });
    await until(() => sink.stored.length === 50);
    expect([texts(sink), most]).toEqual([numbers(50), 1]);
    await source[Symbol.asyncDispose]();
  });

  test("nats source: what is no event, or is refused, is buried and never comes again", async () => {
    await makeStream("BAD");
    const broken = headers();
    broken.set("ce-specversion", "1.0");
    broken.set("ce-id", "1");
    await client.request("BAD.a", "broken", { headers: broken, timeout: 5_000 });
    await publish("BAD.b", 2);
    const sink = new MemorySink(systemClock);
    sink.instead = (event) => (event.attributes.id === "BAD/2" ? { kind: "refused", reason: "too large" } : undefined);
    const { source, definition } = begin({ stream: { name: "BAD", deliverPolicy: "all" } }, { sink });
    await until(() => sink.buried.length === 2 && sink.stored.length === 1);
    expect(sink.buried.map(({ what }) => [what.reason, what.origin.sequence, what.raw?.length])).toEqual([
      ["event-invalid", 1, 6],
      ["event-refused", 2, undefined],
    ]);
    await until(async () => (await consumer(client, "BAD", definition)).num_ack_pending === 0);
    expect(source.status()).toMatchObject({ stored: 1, buried: 2, dropped: 0 });
    await source[Symbol.asyncDispose]();
  });

  test("nats source: a stream that does not exist is waited for, and read from its beginning when it comes", async () => {
    const { source, sink } = begin({ stream: { name: "LATER" } });
    const { trouble } = await when(source, (status) => status.trouble !== undefined);
    expect(trouble?.message).toBe("stream LATER does not exist; the source waits for it");
    await makeStream("LATER");
    await publish("LATER.a", 3);
    await until(() => sink.stored.length === 3);
    expect(source.status().trouble).toBeUndefined();
    await source[Symbol.asyncDispose]();
  });

  test("nats source: a stream that is made anew is read from its beginning, under other identities", async () => {
    await makeStream("ANEW");
    const { source, sink } = begin({ stream: { name: "ANEW" } });
    await reads(source);
    await publish("ANEW.a", 2);
    await until(() => sink.stored.length === 2);
    await (await jsm()).streams.delete("ANEW");
    await makeStream("ANEW");
    await publish("ANEW.a", 3);
    await until(() => sink.stored.length === 5);
    expect(new Set(sink.stored.map(({ messageId }) => messageId)).size).toBe(5);
    await source[Symbol.asyncDispose]();
  });

  test("nats source: a consumer that was deleted is made anew from the last acknowledged message", async () => {
    await makeStream("GONE");
    await publish("GONE.a", 5);
    const { source, sink, definition } = begin({ stream: { name: "GONE", deliverPolicy: "all" } });
    await until(() => sink.stored.length === 5);
    await when(source, (status) => status.pending === 0);
    await until(async () => (await consumer(client, "GONE", definition)).ack_floor.stream_seq === 5);
    await (await jsm()).consumers.delete("GONE", ownName(definition.uid));
    await publish("GONE.a", 5, 6);
    await until(() => sink.stored.length === 10);
    expect(new Set(texts(sink))).toEqual(new Set(numbers(10)));
    await source[Symbol.asyncDispose]();
  });

  test("nats source: a consumer that was deleted before its first message does not bring back older ones", async () => {
    await makeStream("UNUSED");
    await publish("UNUSED.a", 5);
    const { source, sink, definition } = begin({ stream: { name: "UNUSED" } });
    await reads(source);
    await (await jsm()).consumers.delete("UNUSED", ownName(definition.uid));
    await publish("UNUSED.a", 2, 6);
    await until(() => sink.stored.length >= 2);
    expect(texts(sink)).toEqual(["6", "7"]);
    await source[Symbol.asyncDispose]();
  });

  test("nats source: a named consumer is used as it is, and must be a pull consumer with explicit acks", async () => {
    await makeStream("NAMED");
    const { consumers } = await jsm();
    const stream = { name: "NAMED", consumer: "theirs" };
    const { source, sink } = begin({ stream });
    const absent = await when(source, (status) => status.trouble !== undefined);
    expect(absent.trouble?.message).toBe("stream NAMED has no consumer theirs; make it, or leave its name out");
    await consumers.add("NAMED", { durable_name: "theirs", ack_policy: "explicit", filter_subject: "NAMED.b" });
    await publish("NAMED.a", 1);
    await publish("NAMED.b", 1, 2);
    await until(() => sink.stored.length === 1);
    expect(texts(sink)).toEqual(["2"]);
    await source.discard();
    expect((await consumers.info("NAMED", "theirs")).ack_floor.stream_seq).toBeGreaterThan(0);
    await consumers.add("NAMED", { durable_name: "careless", ack_policy: "none" });
    const careless = begin({ stream: { name: "NAMED", consumer: "careless" } });
    const { trouble } = await when(careless.source, (status) => status.trouble !== undefined);
    expect(trouble?.message).toMatch(/ack policy "none"; a source needs explicit acks/);
    await careless.source[Symbol.asyncDispose]();
  });

  test("nats source: filters and ordering can be changed; discarding deletes the consumer", async () => {
    await makeStream("EDIT");
    const first = begin({ stream: { name: "EDIT", filterSubjects: ["EDIT.a"], deliverPolicy: "all" } });
    await reads(first.source);
    await first.source[Symbol.asyncDispose]();
    const sink = first.sink;
    const changed = { ...first.definition, ordering: "ordered", stream: { name: "EDIT", filterSubjects: ["EDIT.b"] } };
    const second = createNatsSource({
      definition: changed as NatsSourceDefinition,
      sink,
      clock: systemClock,
      random: Math.random,
    });
    second.start();
    await reads(second);
    await publish("EDIT.a", 1);
    await publish("EDIT.b", 1, 2);
    await until(() => sink.stored.length === 1);
    expect(texts(sink)).toEqual(["2"]);
    expect((await consumer(client, "EDIT", first.definition)).config).toMatchObject({ max_ack_pending: 1 });
    await second.discard();
    await expect(consumer(client, "EDIT", first.definition)).rejects.toThrow("consumer not found");
  });

  test("nats source: two subjects of a stream are read together, or the status says which server can", async () => {
    await makeStream("TWO");
    const { source, sink } = begin({ stream: { name: "TWO", filterSubjects: ["TWO.a", "TWO.b"] } });
    const status = await when(source, ({ stream, trouble }) => stream !== undefined || trouble !== undefined);
    if (program.version.startsWith("2.9.")) expect(status.trouble?.message).toMatch(/2\.10/);
    else {
      for (const [n, subject] of ["TWO.a", "TWO.c", "TWO.b"].entries()) await publish(subject, 1, n + 1);
      await until(() => sink.stored.length === 2);
      expect(texts(sink)).toEqual(["1", "3"]);
    }
    await source[Symbol.asyncDispose]();
  });

  test("nats source: a subject's messages become events; several processes share them", async () => {
    const one = begin({ subject: "core.>" });
    const two = begin({ subject: "core.>", uid: one.definition.uid }, { sink: one.sink });
    await when(one.source, (status) => status.connected);
    await when(two.source, (status) => status.connected);
    await sleep(systemClock, 50);
    const h = headers();
    h.set("Nats-Msg-Id", "own");
    client.publish("core.x", "1", { headers: h, reply: "nobody.listens" });
    for (let n = 2; n <= 100; n++) client.publish("core.x", `${n}`);
    await until(() => one.sink.stored.length === 100);
    await sleep(systemClock, 50);
    expect(new Set(texts(one.sink))).toEqual(new Set(numbers(100)));
    expect(one.sink.stored.find(({ event }) => event.attributes.id === "own")?.messageId).toBe(
      `${one.definition.uid}/own`,
    );
    await one.source[Symbol.asyncDispose]();
    await two.source[Symbol.asyncDispose]();
  });

  test("nats source: messages of a subject wait in memory for the sink, and beyond the bound are dropped and counted", async () => {
    const sink = new MemorySink(systemClock);
    sink.instead = () => away;
    const { source } = begin({ subject: "flood" }, { sink });
    await when(source, (status) => status.connected);
    await sleep(systemClock, 50);
    for (let n = 0; n < 1_100; n++) client.publish("flood", `${n}`);
    await when(source, (status) => status.dropped === 76);
    expect(source.status().inFlight).toBe(1_024);
    sink.instead = undefined;
    await until(() => sink.stored.length === 1_024);
    expect(source.status()).toMatchObject({ inFlight: 0, dropped: 76, trouble: undefined });
    await source[Symbol.asyncDispose]();
  });

  test("nats source: a wrong password and a subject that is not allowed are said in words", async () => {
    const connection = { servers: [server.url], user: "app", password: "wrong" };
    const refused = begin({ subject: "x", connection });
    const { trouble, connected } = await when(refused.source, (status) => status.trouble !== undefined);
    expect([connected, trouble?.message]).toEqual([
      false,
      expect.stringMatching(new RegExp(`^${server.url} refused the password of user "app": .*uthorization`)),
    ]);
    await refused.source[Symbol.asyncDispose]();
    const restricted = { ...connection, user: "restricted", password: server.password };
    const denied = begin({ subject: "secret.a", connection: restricted });
    const status = await when(denied.source, (each) => each.trouble !== undefined);
    expect(status.trouble?.message).toMatch(/^subject secret\.a cannot be listened to: .*ermission/);
    await denied.source[Symbol.asyncDispose]();
  });

  test("nats source: a loop through the installation's own streams is refused", async () => {
    await makeStream("LOOP");
    const forbidden = (subject: string) => (subject === "LOOP.>" ? "it is the log of this installation" : undefined);
    const { source } = begin({ stream: { name: "LOOP" } }, { forbidden });
    const status = await when(source, (each) => each.trouble !== undefined);
    expect([status.stream, status.trouble?.message]).toEqual([undefined, "it is the log of this installation"]);
    await source[Symbol.asyncDispose]();
  });
});

describe.each(programs)("nats-server $version, killed", (program) => {
  test("nats source: survives the death of the server again and again, and loses no message", async () => {
    await using server = await NatsProcess.start(program);
    const client = await server.connect();
    await (await jetstreamManager(client)).streams.add({ name: "KILL", subjects: ["KILL.>"] });
    const sink = new MemorySink(systemClock);
    const source = createNatsSource({
      definition: {
        uid: "u",
        namespace: "default",
        name: "n",
        connection: { servers: [server.url], user: server.user, password: server.password },
        stream: { name: "KILL", deliverPolicy: "all" },
        ceOverrides: undefined,
      },
      sink,
      clock: systemClock,
      random: Math.random,
    });
    source.start();
    let stored = 0;
    for (let round = 0; round < 3; round++) {
      const target = stored + 200;
      while (stored < target) {
        const answer = await client.request("KILL.a", "x", { timeout: 1_000 }).catch(() => undefined);
        if (answer) stored++;
      }
      await server.kill();
      await when(source, (status) => !status.connected);
      expect(source.status().trouble?.message).toMatch(/^no connection to nats:\/\/127/);
      await server.run();
      await when(source, (status) => status.connected);
    }
    await until(() => sink.stored.length >= stored);
    await until(() => source.status().inFlight === 0);
    expect(new Set(sink.stored.map(({ messageId }) => messageId)).size).toBe(sink.stored.length);
    await source[Symbol.asyncDispose]();
    await client.close();
  });
});

async function consumer(client: NatsConnection, stream: string, { uid }: NatsSourceDefinition) {
  return (await jetstreamManager(client)).consumers.info(stream, ownName(uid));
}

async function when(source: NatsSource, holds: (status: NatsSourceStatus) => boolean): Promise<NatsSourceStatus> {
  await until(() => holds(source.status()));
  return source.status();
}

async function until(holds: () => boolean | Promise<boolean>): Promise<void> {
  while (!(await holds())) await sleep(systemClock, 5);
}
