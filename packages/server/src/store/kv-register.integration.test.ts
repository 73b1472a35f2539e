import type { NatsConnection } from "@nats-io/transport-node";
import { sleep, systemClock } from "@rouse/base";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { KvRegister } from "./kv-register.ts";
import { NatsProcess, natsExpected } from "./nats-process.testing.ts";
import { registerConformance } from "./register.conformance.ts";

async function until(condition: () => boolean): Promise<void> {
  while (!condition()) await sleep(systemClock, 5);
}

describe.skipIf(!natsExpected)("kv register on a real nats-server", () => {
  let server: NatsProcess;
  const connections: NatsConnection[] = [];
  let buckets = 0;

  beforeAll(async () => {
    server = await NatsProcess.start();
  });
  afterAll(async () => {
    await Promise.all(connections.map((connection) => connection.close()));
    await server[Symbol.asyncDispose]();
  });

  async function open(prefix: string): Promise<KvRegister> {
    const connection = await server.connect();
    connections.push(connection);
    return KvRegister.open({ connection, clock: systemClock, prefix });
  }

  registerConformance("kv register", () => open(`T${++buckets}`));

  test("kv register: what one process wrote or removed the other sees, and one that opens later too", async () => {
    await using one = await open("SEEN");
    await using two = await open("SEEN");
    const kept = (await one.put("slot.a.0", { n: 1 }, 0))!;
    const gone = (await one.put("slot.a.1", { n: 2 }, 0))!;
    await until(() => two.get("slot.a.1")?.value?.n === 2);
    await two.remove("slot.a.1", gone.revision);
    await until(() => one.get("slot.a.1")?.value === undefined);
    await using late = await open("SEEN");
    const values = late.list("slot.a").filter((record) => record.value !== undefined);
    expect(values).toMatchObject([{ key: "slot.a.0", value: { n: 1 }, revision: kept.revision }]);
  });

  test("kv register: what is no record counts as removed, is written over, and keeps nobody from the others", async () => {
    await using one = await open("ODD");
    await one.put("slot.a.0", { n: 1 }, 0);
    const texts = ["not json", "null", "[1]", "5", ""];
    texts.forEach((text, n) => void connections.at(-1)!.publish(`$KV.ODD_INSTANCES.odd.${n}`, text));
    await until(() => one.get(`odd.${texts.length - 1}`) !== undefined);
    await using late = await open("ODD");
    expect(late.get("slot.a.0")?.value).toEqual({ n: 1 });
    for (const record of late.list("odd")) {
      expect(record.value).toBeUndefined();
      expect(await late.put(record.key, { n: 2 }, record.revision)).toMatchObject({ value: { n: 2 } });
    }
    expect(late.list("odd")).toHaveLength(texts.length);
  });

  test("kv register: two processes that write one key at the same time agree on who did", async () => {
    await using one = await open("RACE");
    await using two = await open("RACE");
    for (let round = 0; round < 50; round++) {
      const key = `slot.a.${round}`;
      const wrote = await Promise.all([one.put(key, { by: "one" }, 0), two.put(key, { by: "two" }, 0)]);
      expect(wrote.filter(Boolean)).toHaveLength(1);
      const by = wrote[0] ? "one" : "two";
      await until(() => one.get(key)?.value?.by === by && two.get(key)?.value?.by === by);
    }
  });
});

describe.skipIf(!natsExpected)("kv register over a lost nats-server", () => {
  test("kv register: NATS killed is STORE_UNAVAILABLE at once, and the copy comes back complete by itself", async () => {
    await using server = await NatsProcess.start();
    const connections = [await server.connect(), await server.connect()];
    {
      await using one = await KvRegister.open({ connection: connections[0]!, clock: systemClock });
      await using two = await KvRegister.open({ connection: connections[1]!, clock: systemClock });
      const first = (await one.put("slot.a.0", { n: 1 }, 0))!;
      await server.kill();
      await until(() => one.since === undefined && two.since === undefined);
      await expect(one.put("slot.a.1", {}, 0)).rejects.toMatchObject({ code: "STORE_UNAVAILABLE" });
      expect(one.get("slot.a.0")?.value).toEqual({ n: 1 });
      await server.run();
      await until(() => one.since !== undefined && two.since !== undefined);
      expect(await two.put("slot.a.0", { n: 2 }, first.revision)).toBeDefined();
      await until(() => one.get("slot.a.0")?.value?.n === 2);
    }
    await Promise.all(connections.map((connection) => connection.close()));
  });

  test("kv register: a bucket that was wiped shows as removals, and is made again", async () => {
    await using server = await NatsProcess.start();
    const connection = await server.connect();
    {
      await using register = await KvRegister.open({ connection, clock: systemClock });
      await register.put("slot.a.0", { n: 1 }, 0);
      await server.kill();
      await server.wipe();
      await until(() => register.since === undefined);
      await server.run();
      await until(() => register.since !== undefined);
      expect(register.get("slot.a.0")).toBeUndefined();
      expect(await register.put("slot.a.0", { n: 2 }, 0)).toBeDefined();
    }
    await connection.close();
  });
});
