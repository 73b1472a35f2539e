import { jetstreamManager } from "@nats-io/jetstream";
import { Kvm } from "@nats-io/kv";
import type { NatsConnection } from "@nats-io/transport-node";
import { sleep, systemClock } from "@rouse/base";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { KvStore } from "./kv-store.ts";
import { NatsProcess, natsExpected } from "./nats-process.testing.ts";
import type { Change, Store } from "./port.ts";
import { increment, sampleId, sampleObject, storeConformance } from "./store.conformance.ts";

describe.skipIf(!natsExpected)("kv store on a real nats-server", () => {
  let server: NatsProcess;
  let connections: NatsConnection[] = [];
  let buckets = 0;

  beforeAll(async () => {
    server = await NatsProcess.start();
  });
  afterAll(async () => {
    await Promise.all(connections.map((connection) => connection.close()));
    await server[Symbol.asyncDispose]();
  });

  async function open(prefix: string): Promise<Store> {
    const connection = await server.connect();
    connections = [...connections, connection];
    return KvStore.open({ connection, clock: systemClock, prefix });
  }

  storeConformance("kv store", () => open(`T${++buckets}`));

  test("kv store: thirty increments through two processes are thirty", async () => {
    await using one = await open("PAIR");
    await using two = await open("PAIR");
    const id = sampleId("counter");
    await one.create(id, sampleObject(id, { n: 0 }));
    await two.fresh();
    await Promise.all(Array.from({ length: 30 }, (_, n) => increment(n % 2 === 0 ? one : two, id)));
    await Promise.all([one.fresh(), two.fresh()]);
    expect([one.get(id)?.object.spec, two.get(id)?.object.spec]).toEqual([{ n: 30 }, { n: 30 }]);
  });

  test("kv store: what one process wrote another reads after fresh, and its watch shows it", async () => {
    await using one = await open("READ");
    await using two = await open("READ");
    const seen: Change[] = [];
    two.watch({}, (change) => void seen.push(change));
    for (let n = 0; n < 20; n++) {
      const id = sampleId(`o${n}`);
      await one.create(id, sampleObject(id));
      await two.fresh();
      expect(two.get(id)?.uid).toBe(`uid-o${n}`);
    }
    const id = sampleId("o3");
    await one.updateStatus(id, "uid-o3", () => ({ ready: true }));
    await one.remove(id);
    await two.fresh();
    expect(seen.slice(20).map((change) => change.kind)).toEqual(["MODIFIED", "DELETED"]);
    expect(seen.at(-1)?.entry.status).toEqual({ ready: true });
  });

  test("kv store: what is stored is there for a process that starts later, while another writes", async () => {
    await using writer = await open("LATE");
    for (let n = 0; n < 200; n++) await writer.create(sampleId(`k${n}`), sampleObject(sampleId(`k${n}`), { n: 0 }));
    let stop = false;
    const writing = (async () => {
      for (let n = 0; !stop; n++) {
        const id = sampleId(`k${(n * 7) % 200}`);
        await writer.update(id, sampleObject(id, { n }), writer.revision);
      }
    })();
    for (let round = 0; round < 5; round++) {
      await using late = await open("LATE");
      expect(late.list()).toHaveLength(200);
    }
    stop = true;
    await writing;
  });

  test("kv store: two writers of one status merge, none is lost", async () => {
    await using one = await open("STATUS");
    await using two = await open("STATUS");
    const id = sampleId("a");
    await one.create(id, sampleObject(id));
    const add = (store: Store, n: number) =>
      store.updateStatus(id, "uid-a", (present) => ({ ...present, [`c${n}`]: true }));
    await Promise.all(Array.from({ length: 10 }, (_, n) => add(n % 2 === 0 ? one : two, n)));
    await one.fresh();
    expect(Object.keys(one.get(id)?.status ?? {})).toHaveLength(10);
  });

  test("kv store: a bucket whose last message was purged still loads, and reads do not wait for it in vain", async () => {
    await using store = await open("PURGED");
    const id = sampleId("a");
    await store.create(id, sampleObject(id));
    await store.create(sampleId("b"), sampleObject(sampleId("b")));
    const jsm = await jetstreamManager(connections.at(-1)!);
    const { state } = await jsm.streams.info("KV_PURGED_OBJECTS");
    await jsm.streams.deleteMessage("KV_PURGED_OBJECTS", state.last_seq);
    await using late = await open("PURGED");
    expect([late.list().map((entry) => entry.id.name), (await late.fresh()) >= state.last_seq]).toEqual([["a"], true]);
  });

  test("kv store: a bucket in a newer format is refused", async () => {
    const first = await open("NEWER");
    await first[Symbol.asyncDispose]();
    await (await new Kvm(connections.at(-1)!).open("NEWER_OBJECTS")).put("format", "2");
    await expect(open("NEWER")).rejects.toMatchObject({ code: "STORE_FORMAT_NEWER" });
  });

  test("kv store: an object that does not fit into a message is refused with its size", async () => {
    await using store = await open("SIZE");
    const id = sampleId("big");
    const big = sampleObject(id, { text: "x".repeat(1_100_000) });
    await expect(store.create(id, big)).rejects.toMatchObject({ code: "STORE_OBJECT_TOO_LARGE" });
  });
});

describe.skipIf(!natsExpected)("kv store over a lost nats-server", () => {
  test("kv store: NATS killed is STORE_UNAVAILABLE at once, reads go on, and it comes back by itself", async () => {
    await using server = await NatsProcess.start();
    const connection = await server.connect();
    {
      await using store = await KvStore.open({ connection, clock: systemClock });
      const id = sampleId("a");
      await store.create(id, sampleObject(id, { n: 1 }));
      const down = nextStatus(connection, "disconnect");
      await server.kill();
      await down;
      const from = systemClock.monotonic();
      await expect(store.create(sampleId("b"), sampleObject(sampleId("b")))).rejects.toMatchObject({
        code: "STORE_UNAVAILABLE",
      });
      await expect(store.fresh()).rejects.toMatchObject({ code: "STORE_UNAVAILABLE" });
      expect(systemClock.monotonic() - from).toBeLessThan(500);
      expect([store.available, store.get(id)?.object.spec]).toEqual([false, { n: 1 }]);
      const up = nextStatus(connection, "reconnect");
      await server.run();
      await up;
      const seen: string[] = [];
      store.watch({}, (change) => void seen.push(`${change.kind} ${change.entry.id.name}`));
      await store.update(id, sampleObject(id, { n: 2 }), store.get(id)!.revision);
      await store.create(sampleId("c"), sampleObject(sampleId("c")));
      expect(seen).toEqual(["MODIFIED a", "ADDED c"]);
    }
    await connection.close();
  });

  test("kv store: while NATS is killed again and again, no write that was answered is lost and two caches agree", async () => {
    await using server = await NatsProcess.start();
    const links = [await server.connect(), await server.connect()];
    {
      await using one = await KvStore.open({ connection: links[0]!, clock: systemClock });
      await using two = await KvStore.open({ connection: links[1]!, clock: systemClock });
      const id = sampleId("counter");
      await one.create(id, sampleObject(id, { n: 0 }));
      await two.fresh();
      const tally = { answered: 0, unknown: 0, stop: false };
      const byWriter = [0, 0, 0, 0];
      const write = async (store: Store, writer: number) => {
        while (!tally.stop) {
          try {
            await increment(store, id);
            tally.answered++;
            byWriter[writer]!++;
          } catch (failure) {
            expect(failure).toMatchObject({ code: "STORE_UNAVAILABLE" });
            tally.unknown++;
            await sleep(systemClock, 5);
          }
        }
      };
      const writers = [one, two, one, two].map(write);
      for (let round = 0; round < 4; round++) {
        const target = tally.answered + 25;
        while (tally.answered < target) await sleep(systemClock, 2);
        await server.kill();
        await server.run();
      }
      // Each connection comes back in its own time: the end is reached when every writer has written again.
      const targets = byWriter.map((answered) => answered + 5);
      while (byWriter.some((answered, writer) => answered < targets[writer]!)) await sleep(systemClock, 2);
      tally.stop = true;
      await Promise.all(writers);
      await Promise.all([one.fresh(), two.fresh()]);
      const counts = [one, two].map((store) => (store.get(id)!.object.spec as { n: number }).n);
      expect(counts[0]).toBe(counts[1]);
      expect(counts[0]).toBeGreaterThanOrEqual(tally.answered);
      expect(counts[0]).toBeLessThanOrEqual(tally.answered + tally.unknown);
    }
    await Promise.all(links.map((link) => link.close()));
  });

  test("kv store: a bucket that was wiped shows as deletions, and is made again", async () => {
    await using server = await NatsProcess.start();
    const connection = await server.connect();
    {
      await using store = await KvStore.open({ connection, clock: systemClock });
      const id = sampleId("a");
      await store.create(id, sampleObject(id));
      const gone = new Promise<Change>((resolve) => store.watch({}, resolve));
      await server.kill();
      await server.wipe();
      await server.run();
      expect(await gone).toMatchObject({ kind: "DELETED", entry: { uid: "uid-a" } });
      await store.create(id, sampleObject(id, {}, "new"));
      expect(store.get(id)?.uid).toBe("new");
    }
    await connection.close();
  });
});

async function nextStatus(connection: NatsConnection, type: string): Promise<void> {
  for await (const status of connection.status()) if (status.type === type) return;
}
