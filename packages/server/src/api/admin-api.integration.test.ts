import type { NatsConnection } from "@nats-io/transport-node";
import { systemClock } from "@rouse/base";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { KvStore } from "../store/kv-store.ts";
import { NatsProcess, natsExpected } from "../store/nats-process.testing.ts";
import { type ApiRig, apiRig, trigger, triggers } from "./admin-api.testing.ts";

const mergePatch = { "content-type": "application/merge-patch+json" };

describe.skipIf(!natsExpected)("admin api on a kv store", () => {
  let server: NatsProcess;
  let connection: NatsConnection;

  beforeAll(async () => {
    server = await NatsProcess.start();
    connection = await server.connect();
  });
  afterAll(async () => {
    await connection.close();
    await server[Symbol.asyncDispose]();
  });

  const open = (prefix: string) => KvStore.open({ connection, clock: systemClock, prefix });

  async function increment(api: ApiRig): Promise<void> {
    for (;;) {
      const { body } = await api.send("GET", `${triggers}/counter`);
      const count = String(Number(body.metadata.annotations.count) + 1);
      const annotations = { ...body.metadata.annotations, count };
      const next = { ...body, metadata: { ...body.metadata, annotations } };
      const { code } = await api.send("PUT", `${triggers}/counter`, next);
      if (code === 200) return;
      expect(code).toBe(409);
    }
  }

  test("admin api: thirty increments through two processes are thirty", async () => {
    await using storeOne = await open("API");
    await using storeTwo = await open("API");
    await using one = await apiRig({ store: storeOne });
    await using two = await apiRig({ store: storeTwo });
    await one.send("POST", triggers, trigger("counter", {}, { annotations: { count: "0" } }));
    await Promise.all(Array.from({ length: 30 }, (_, n) => increment(n % 2 === 0 ? one : two)));
    const counts = await Promise.all([one, two].map((api) => api.send("GET", `${triggers}/counter`)));
    expect(counts.map(({ body }) => body.metadata.annotations.count)).toEqual(["30", "30"]);
  });

  test("admin api: patches of two processes at once are all applied, and what one wrote the other reads", async () => {
    await using storeOne = await open("PATCH");
    await using storeTwo = await open("PATCH");
    await using one = await apiRig({ store: storeOne });
    await using two = await apiRig({ store: storeTwo });
    await one.send("POST", triggers, trigger("a"));
    const patches = Array.from({ length: 10 }, (_, n) =>
      (n % 2 === 0 ? one : two).send(
        "PATCH",
        `${triggers}/a`,
        { metadata: { annotations: { [`n${n}`]: "x" } } },
        mergePatch,
      ),
    );
    expect((await Promise.all(patches)).map(({ code }) => code)).toEqual(Array(10).fill(200));
    const { body } = await two.send("GET", `${triggers}/a`);
    expect(Object.keys(body.metadata.annotations).filter((name) => /^n\d$/.test(name))).toHaveLength(10);
    for (let n = 0; n < 20; n++) {
      await one.send("POST", triggers, trigger(`b${n}`));
      expect((await two.send("GET", `${triggers}/b${n}`)).code).toBe(200);
    }
    await two.send("DELETE", `${triggers}/b0`);
    expect((await one.send("GET", `${triggers}/b0`)).code).toBe(404);
  });

  test("admin api: without NATS every answer is 503 with Retry-After, and it comes back by itself", async () => {
    await using own = await NatsProcess.start();
    const link = await own.connect();
    {
      await using store = await KvStore.open({ connection: link, clock: systemClock });
      await using api = await apiRig({ store });
      await api.send("POST", triggers, trigger("a"));
      const lost = statusOf(link, "disconnect");
      await own.kill();
      await lost;
      for (const answer of [await api.send("GET", triggers), await api.send("POST", triggers, trigger("b"))]) {
        expect([answer.code, answer.headers["retry-after"], answer.body.reason]).toEqual([
          503,
          "1",
          "ServiceUnavailable",
        ]);
      }
      const back = statusOf(link, "reconnect");
      await own.run();
      await back;
      expect((await api.send("POST", triggers, trigger("b"))).code).toBe(201);
      expect((await api.send("GET", triggers)).body.items).toHaveLength(2);
    }
    await link.close();
  });
});

async function statusOf(connection: NatsConnection, type: string): Promise<void> {
  for await (const status of connection.status()) if (status.type === type) return;
}
