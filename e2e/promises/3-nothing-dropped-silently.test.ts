import { describe, expect, test } from "vitest";
import { Api, broker, type DeadLine, ofType, trigger } from "../harness/api.ts";
import { awaitCondition, awaitValue } from "../harness/await-condition.ts";
import { connectRaw, type NatsAddress, startNats, withNatsServers } from "../harness/nats.ts";
import { sendUntilAccepted } from "../harness/producer.ts";
import { freePort, startServerProcess } from "../harness/server-process.ts";
import { accepted, reply, startSubscriber, status } from "../harness/subscriber.ts";

const soon = { retry: 1, backoffPolicy: "linear", backoffDelay: "PT0.05S" };

/** The dead record of a trigger, as soon as there is one. */
async function deadOf(api: Api, name: string): Promise<DeadLine> {
  let seen: readonly DeadLine[] = [];
  return awaitValue(
    `a dead record of trigger ${name}`,
    async () => {
      seen = await api.dead();
      return seen.find((record) => record.trigger === name);
    },
    { withinMs: 15_000, everyMs: 50, evidence: () => seen.map(({ trigger: of, reason }) => `${of} ${reason}`) },
  );
}

/** Waits until each sequence has a record of its own or lies in a gap record, and there is at least one gap. */
async function awaitEveryFate(api: Api, first: number, last: number): Promise<void> {
  let told = new Set<number>();
  let gaps = 0;
  const complete = async () => {
    told = new Set();
    gaps = 0;
    for (const { handle = "", message, reason } of await api.dead()) {
      const at = Number(handle.slice(handle.lastIndexOf("/") + 1));
      const [, from = at, to = at] = /events (\d+) to (\d+) were removed/.exec(message) ?? [];
      if (reason === "log-overrun") gaps += 1;
      for (let sequence = Number(from); sequence <= Number(to); sequence++) told.add(sequence);
    }
    for (let sequence = first; sequence <= last; sequence++) if (!told.has(sequence)) return false;
    return gaps > 0;
  };
  const evidence = () => ({ gaps, told: told.size });
  await awaitCondition(`a fate of every event from ${first} to ${last}`, complete, {
    withinMs: 20_000,
    everyMs: 250,
    evidence,
  });
}

/** Every way in which a delivery ends badly leaves a record; the same on every engine. */
function deliveriesThatEndBadly(start: () => Promise<{ nats?: NatsAddress } & AsyncDisposable>): void {
  test("retries exhausted, refused, dead-letter sink up and down, too many hops, replies that cannot be stored", async () => {
    await using storage = await start();
    await using server = await startServerProcess(storage.nats ? { nats: storage.nats } : {});
    await using subscriber = await startSubscriber();
    const api = new Api(server);
    const nobody = `http://127.0.0.1:${await freePort()}/`;
    subscriber.on("/fails", () => status(500));
    subscriber.on("/refuses", () => status(400));
    subscriber.on("/big", ({ id }) => reply({ id, source: "/big", type: "bigger" }, Buffer.alloc(1_030_000, "x")));
    subscriber.on("/huge", ({ id }) => reply({ id, source: "/huge", type: "huge" }, Buffer.alloc(3_000_000, "x")));
    subscriber.on("/loop", ({ id, source }) => reply({ id, source, type: "loop" }));
    const sink = { deadLetterSink: { uri: subscriber.url("/sink") } };
    await api.apply(
      broker("default", { "rouse.dev/max-hops": "4" }),
      trigger("exhausted", subscriber.url("/fails"), { ...ofType("a"), delivery: soon }),
      trigger("exhausted-sink", subscriber.url("/fails"), { ...ofType("a"), delivery: { ...soon, ...sink } }),
      trigger("exhausted-sink-down", subscriber.url("/fails"), {
        ...ofType("a"),
        delivery: { ...soon, deadLetterSink: { uri: subscriber.url("/fails") } },
      }),
      trigger("refused", subscriber.url("/refuses"), { ...ofType("a"), delivery: soon }),
      trigger("refused-sink", subscriber.url("/refuses"), { ...ofType("a"), delivery: { ...soon, ...sink } }),
      trigger("unreachable", nobody, { ...ofType("a"), delivery: soon }, { "rouse.dev/breaker": "off" }),
      trigger("big-reply", subscriber.url("/big"), { ...ofType("a"), delivery: soon }),
      trigger("huge-reply", subscriber.url("/huge"), { ...ofType("a"), delivery: soon }),
      trigger("loop", subscriber.url("/loop"), { ...ofType("loop"), delivery: soon }),
    );
    await sendUntilAccepted(server.broker(), { id: "1", type: "a" });
    await sendUntilAccepted(server.broker(), { id: "2", type: "loop" });

    const exhausted = await deadOf(api, "exhausted");
    expect(exhausted).toMatchObject({ attempts: 2, reason: "retries-exhausted" });
    expect(exhausted.event).toMatchObject({ id: "1", type: "a" });
    expect(exhausted.deadLetter).toBeUndefined();
    const withSink = await deadOf(api, "exhausted-sink");
    expect(withSink).toMatchObject({ attempts: 2, deadLetter: { kind: "accepted", attempts: 1 } });
    const sinkDown = await deadOf(api, "exhausted-sink-down");
    expect(sinkDown).toMatchObject({ attempts: 2, deadLetter: { kind: "failed", attempts: 2 } });
    expect(await deadOf(api, "refused")).toMatchObject({ attempts: 1, reason: "refused" });
    expect(await deadOf(api, "refused-sink")).toMatchObject({ deadLetter: { kind: "accepted" } });
    expect(await deadOf(api, "unreachable")).toMatchObject({ attempts: 2, reason: "retries-exhausted" });
    expect((await deadOf(api, "big-reply")).reason).toBe("too-large");
    expect(await deadOf(api, "huge-reply")).toMatchObject({ attempts: 2, reason: "retries-exhausted" });
    expect((await deadOf(api, "loop")).reason).toBe("too-many-hops");
    expect(subscriber.received("/loop")).toHaveLength(4);

    const atSink = subscriber.received("/sink");
    expect(atSink.map(({ headers }) => headers["ce-knativeerrorcode"]).toSorted()).toEqual(["400", "500"]);
    expect(atSink.every(({ id, type }) => id === "1" && type === "a")).toBe(true);
    expect(server.running).toBe(true);
    expect(await api.dead()).toHaveLength(9);
  });
}

describe("memory engine", () => {
  deliveriesThatEndBadly(async () => ({ [Symbol.asyncDispose]: async () => undefined }));
});

await withNatsServers("promise 3", (binary) => {
  deliveriesThatEndBadly(async () => {
    const nats = await startNats(binary);
    return { nats, [Symbol.asyncDispose]: () => nats[Symbol.asyncDispose]() };
  });

  test("what is not an event becomes a dead record, and what follows is delivered", async () => {
    await using nats = await startNats(binary);
    await using server = await startServerProcess({ nats });
    await using subscriber = await startSubscriber();
    const api = new Api(server);
    await api.apply(broker(), trigger("all", subscriber.url("/all")));
    await using raw = await connectRaw(nats);
    raw.publish("rouse.log.default.default.some.type", "no event at all");
    raw.publish("rouse.log.default.default.some.type", new Uint8Array(0));
    await raw.flush();
    await sendUntilAccepted(server.broker(), { id: "after" });
    await awaitCondition("the event behind them", () => subscriber.received("/all").length > 0);
    await awaitCondition("two dead records", async () => (await api.dead()).length === 2, {
      evidence: () => api.dead(),
    });
    for (const record of await api.dead()) expect(record.reason).toBe("not-an-event");
    expect(subscriber.received("/all").map(({ id }) => id)).toEqual(["after"]);
  });

  test("events that the log's limit removed before they were routed leave a gap record", async () => {
    await using nats = await startNats(binary);
    await using server = await startServerProcess({ nats });
    await using subscriber = await startSubscriber();
    const api = new Api(server);
    await api.apply(broker("default", { "rouse.dev/log-max-bytes": "1Mi" }), trigger("all", subscriber.url("/all")));
    await sendUntilAccepted(server.broker(), { id: "first" });
    await awaitCondition("the first event", () => subscriber.received("/all").length === 1);
    // The router is stopped in its tracks, while someone else fills the log far beyond its limit.
    server.signal("SIGSTOP");
    await using raw = await connectRaw(nats);
    // More than the 256 that the router may be handed, and more than the log may keep of the rest.
    for (let number = 0; number < 700; number++) {
      raw.publish("rouse.log.default.default.flood", Buffer.alloc(5_000, "x"));
    }
    await raw.flush();
    server.signal("SIGCONT");
    await awaitEveryFate(api, 2, 701);
  });

  test("events that the log's limit removed while no server ran leave a gap record", async () => {
    await using nats = await startNats(binary);
    await using server = await startServerProcess({ nats });
    await using subscriber = await startSubscriber();
    const api = new Api(server);
    await api.apply(broker("default", { "rouse.dev/log-max-bytes": "1Mi" }), trigger("all", subscriber.url("/all")));
    await sendUntilAccepted(server.broker(), { id: "first" });
    await awaitCondition("the first event", () => subscriber.received("/all").length === 1);
    await awaitCondition("its ack", async () => {
      await using look = await connectRaw(nats);
      return (await look.outstanding("ROUSE_LOG_default_default")) === 0;
    });
    await server.kill();
    await using raw = await connectRaw(nats);
    // More than the 256 that the router may be handed, and more than the log may keep of the rest.
    for (let number = 0; number < 700; number++) {
      raw.publish("rouse.log.default.default.flood", Buffer.alloc(5_000, "x"));
    }
    await raw.flush();
    await server.restart();
    await awaitEveryFate(api, 2, 701);
  });

  test("a trigger deleted with its backlog kept leaves a record for every waiting event", async () => {
    await using nats = await startNats(binary);
    await using server = await startServerProcess({ nats });
    const api = new Api(server);
    const paused = { "rouse.dev/paused": "true" };
    await api.apply(broker(), trigger("waits", "http://127.0.0.1:9/", {}, paused));
    for (const id of ["1", "2", "3"]) await sendUntilAccepted(server.broker(), { id });
    await using raw = await connectRaw(nats);
    await awaitCondition("three copies in the lane", async () => (await raw.count("ROUSE_LANE_default_default")) === 3);
    const path = "/apis/eventing.knative.dev/v1/namespaces/default/triggers/waits?keepBacklog=true";
    expect((await fetch(server.admin + path, { method: "DELETE" })).status).toBe(200);
    await awaitCondition("three dead records", async () => (await api.dead()).length === 3);
    expect((await api.dead()).map(({ reason }) => reason)).toEqual(Array(3).fill("trigger-deleted"));
  });
});

test("a subscriber that cuts the connection after taking the event is asked again, and the record tells", async () => {
  await using server = await startServerProcess();
  await using subscriber = await startSubscriber();
  const api = new Api(server);
  subscriber.on("/cuts", () => ({ kind: "reset" }));
  subscriber.on("/recovers", ({ visit }) => (visit === 1 ? { kind: "reset" } : accepted));
  await api.apply(
    broker(),
    trigger("cuts", subscriber.url("/cuts"), { delivery: soon }),
    trigger("recovers", subscriber.url("/recovers"), { delivery: soon }),
  );
  await sendUntilAccepted(server.broker(), { id: "1" });
  expect(await deadOf(api, "cuts")).toMatchObject({ attempts: 2, reason: "retries-exhausted" });
  await awaitCondition("the other delivered", () => subscriber.received("/recovers").length === 2);
});
