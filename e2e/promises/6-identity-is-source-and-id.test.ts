import { describe, expect, test } from "vitest";
import { Api, broker, ofType, trigger } from "../harness/api.ts";
import { awaitCondition, pause } from "../harness/await-condition.ts";
import { connectRaw, type NatsAddress, startNats, withNatsServers } from "../harness/nats.ts";
import { produce, send, sendUntilAccepted } from "../harness/producer.ts";
import { startServerProcess } from "../harness/server-process.ts";
import { keyOf, reply, startSubscriber } from "../harness/subscriber.ts";

async function identity(nats: NatsAddress | undefined): Promise<void> {
  await using server = await startServerProcess(nats ? { nats } : {});
  await using subscriber = await startSubscriber();
  await new Api(server).apply(broker(), trigger("all", subscriber.url("/all")));
  const first = await send(server.broker(), { id: "1", source: "/a" });
  const again = await send(server.broker(), { id: "1", source: "/a" });
  const other = await send(server.broker(), { id: "1", source: "/b" });
  // The separator is no part of either: "/a" and "1" are not "/a1" and "".
  const joined = await send(server.broker(), { id: "11", source: "/" });
  expect([first, again, other, joined].map((answer) => answer.status)).toEqual([202, 202, 202, 202]);
  expect(again.headers["rouse-duplicate"]).toBe("true");
  expect(again.headers["rouse-event"]).toBe(first.headers["rouse-event"]);
  expect(other.headers["rouse-duplicate"]).not.toBe("true");
  expect(other.headers["rouse-event"]).not.toBe(first.headers["rouse-event"]);
  const many = await Promise.all(Array.from({ length: 40 }, () => send(server.broker(), { id: "many" })));
  expect(many.filter((answer) => answer.headers["rouse-duplicate"] !== "true")).toHaveLength(1);
  expect(new Set(many.map((answer) => answer.headers["rouse-event"])).size).toBe(1);

  await awaitCondition("four events", () => subscriber.acceptedCounts("/all").size === 4);
  await pause(200);
  expect(subscriber.received("/all").map(keyOf).toSorted()).toEqual(["/ 11", "/a 1", "/b 1", "/tests/e2e many"]);
}

/** Functions that copy id and source, all of them, into replies of one type: each reply is one event. */
async function replies(nats: NatsAddress | undefined): Promise<void> {
  await using server = await startServerProcess(nats ? { nats } : {});
  await using subscriber = await startSubscriber();
  for (const path of ["/echo-1", "/echo-2"]) {
    subscriber.on(path, ({ id, source }) => reply({ id, source, type: "echoed", via: path.slice(1) }));
  }
  subscriber.on("/constant", () => reply({ id: "same", source: "/same", type: "echoed", via: "constant" }));
  await new Api(server).apply(
    broker(),
    trigger("echo-1", subscriber.url("/echo-1"), ofType("asked")),
    trigger("echo-2", subscriber.url("/echo-2"), ofType("asked")),
    trigger("constant", subscriber.url("/constant"), ofType("asked")),
    trigger("answers", subscriber.url("/answers"), ofType("echoed")),
  );
  await produce({ url: server.broker(), count: 20, rate: 200, prefix: "echo", type: "asked" });
  await awaitCondition("sixty replies", () => subscriber.received("/answers").length >= 60, {
    evidence: () => subscriber.received("/answers").length,
  });
  await pause(200);
  const answers = subscriber.received("/answers");
  expect(answers).toHaveLength(60);
  for (const via of ["echo-1", "echo-2"]) {
    const ids = answers.filter(({ headers }) => headers["ce-via"] === via).map(({ id }) => id);
    expect(new Set(ids).size).toBe(20);
  }
  expect(answers.filter(({ id }) => id === "same")).toHaveLength(20);
}

describe("memory engine", () => {
  test("the same source and id is one event, the same id of two sources is two", () => identity(undefined));
  test("replies that copy id and source are events of their own", () => replies(undefined));
});

await withNatsServers("promise 6", (binary) => {
  test("the same source and id is one event, the same id of two sources is two", async () => {
    await using nats = await startNats(binary);
    await identity(nats);
  });

  test("replies that copy id and source are events of their own", async () => {
    await using nats = await startNats(binary);
    await replies(nats);
  });

  test("a repeat is recognised after both server and nats-server died", async () => {
    await using nats = await startNats(binary);
    await using server = await startServerProcess({ nats });
    await new Api(server).apply(broker());
    const before = await sendUntilAccepted(server.broker(), { id: "1" });
    await Promise.all([server.kill(), nats.kill()]);
    await nats.restart();
    await server.restart();
    const after = await send(server.broker(), { id: "1" });
    expect([after.status, after.headers["rouse-duplicate"], after.headers["rouse-event"]]).toEqual([
      202,
      "true",
      before.handle,
    ]);
    await using raw = await connectRaw(nats);
    expect(await raw.count("ROUSE_LOG_default_default")).toBe(1);
  });

  test("a repeat sent to another replica is recognised there", async () => {
    await using nats = await startNats(binary);
    await using one = await startServerProcess({ nats });
    await new Api(one).apply(broker());
    await using two = await startServerProcess({ nats });
    const first = await sendUntilAccepted(one.broker(), { id: "1" });
    const second = await send(two.broker(), { id: "1" });
    expect(second.headers["rouse-duplicate"]).toBe("true");
    expect(second.headers["rouse-event"]).toBe(first.handle);
  });
});
