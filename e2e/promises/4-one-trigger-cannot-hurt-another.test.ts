import { describe, expect, test } from "vitest";
import { Api, broker, trigger } from "../harness/api.ts";
import { awaitCondition } from "../harness/await-condition.ts";
import { type NatsAddress, startNats, withNatsServers } from "../harness/nats.ts";
import { produce } from "../harness/producer.ts";
import { startServerProcess } from "../harness/server-process.ts";
import { keyOf, startSubscriber, status } from "../harness/subscriber.ts";

const healthy = ["/one", "/two", "/three"] as const;
const events = 400;
const rate = 100;

/** Three hang, one answers 503, one is refused a connection; three are healthy and must not notice. */
async function isolation(nats: NatsAddress | undefined): Promise<void> {
  await using server = await startServerProcess(nats ? { nats } : {});
  await using subscriber = await startSubscriber();
  const api = new Api(server);
  const delivery = { retry: 100, backoffDelay: "PT0.2S" };
  const hanging = ["/hang-1", "/hang-2", "/hang-3"];
  for (const path of hanging) subscriber.on(path, () => ({ kind: "hang" }));
  subscriber.on("/busy", () => status(503));
  const named = (path: string) => trigger(path.slice(1), subscriber.url(path), { delivery });
  await api.apply(
    broker(),
    ...[...hanging, ...healthy, "/busy"].map(named),
    trigger("nobody", "http://127.0.0.1:9/", { delivery }),
  );
  const sent = await produce({ url: server.broker(), count: events, rate, prefix: "iso" });
  const done = () => healthy.every((path) => subscriber.acceptedCounts(path).size === events);
  await awaitCondition("the healthy to have everything", done, {
    withinMs: 20_000,
    evidence: () => healthy.map((path) => subscriber.acceptedCounts(path).size),
  });

  const sentAt = new Map(sent.map((each) => [keyOf(each), each.sentAt]));
  for (const path of healthy) {
    const delays = subscriber
      .received(path)
      .map((each) => each.at - (sentAt.get(keyOf(each)) ?? each.at))
      .toSorted((a, b) => a - b);
    // What hangs would hang for ten minutes. The bound leaves room for a busy machine; the bench measures latency.
    expect(delays[Math.floor(delays.length * 0.95)]).toBeLessThan(10_000);
  }
  // Bounded in flight: what hangs holds no more than its window, however much arrives.
  for (const path of hanging) expect(subscriber.received(path).length).toBeLessThanOrEqual(64);
  expect(server.running).toBe(true);
}

describe("memory engine", () => {
  test("healthy triggers keep up beside hanging, busy and absent ones", () => isolation(undefined));
});

await withNatsServers("promise 4", (binary) => {
  test("healthy triggers keep up beside hanging, busy and absent ones", async () => {
    await using nats = await startNats(binary);
    await isolation(nats);
  });

  test("the sick one gets everything once it has recovered", async () => {
    await using nats = await startNats(binary);
    await using server = await startServerProcess({ nats });
    await using subscriber = await startSubscriber();
    let sick = true;
    subscriber.on("/sick", () => (sick ? status(503) : status(200)));
    const api = new Api(server);
    await api.apply(broker(), trigger("sick", subscriber.url("/sick")), trigger("well", subscriber.url("/well")));
    await produce({ url: server.broker(), count: 200, rate: 200, prefix: "sick" });
    await awaitCondition("the well one", () => subscriber.acceptedCounts("/well").size === 200);
    expect(subscriber.acceptedCounts("/sick").size).toBe(0);
    sick = false;
    await awaitCondition("the sick one to catch up", () => subscriber.acceptedCounts("/sick").size === 200, {
      withinMs: 20_000,
      evidence: () => subscriber.acceptedCounts("/sick").size,
    });
    expect(await api.dead()).toEqual([]);
  });
});
