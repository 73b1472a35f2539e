import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { expect, test } from "vitest";
import { Api, broker, ofType, refTo, service, trigger } from "./harness/api.ts";
import { awaitCondition, awaitValue, pause } from "./harness/await-condition.ts";
import { sendUntilAccepted } from "./harness/producer.ts";
import { type ServerProcess, startServerProcess } from "./harness/server-process.ts";
import { type Answer, accepted, startSubscriber, status } from "./harness/subscriber.ts";

const soon = { retry: 1, backoffPolicy: "linear", backoffDelay: "PT0.05S" };

test("a trigger to a service that does not exist says so, holds its events, and delivers them when it comes", async () => {
  await using server = await startServerProcess();
  await using subscriber = await startSubscriber();
  const api = new Api(server);
  await api.apply(broker(), trigger("early", refTo("Service", "later"), { delivery: { retry: 0 } }));
  const condition = await api.awaitReady("Trigger", "early", "False");
  expect(condition.message).toContain("later");
  for (const id of ["1", "2"]) await sendUntilAccepted(server.broker(), { id });
  await pause(500);
  expect(await api.dead()).toEqual([]);

  await api.apply(await forwarder(server, "later", subscriber.url("/got")));
  await api.awaitReady("Trigger", "early");
  await awaitCondition("what was held", () => subscriber.acceptedCounts("/got").size === 2, { withinMs: 15_000 });
  expect(await api.dead()).toEqual([]);
});

/** A function that posts what it gets to a sink. */
async function forwarder(server: ServerProcess, name: string, sink: string) {
  const program = `
    require("node:http").createServer((request, response) => {
      const headers = { "ce-id": request.headers["ce-id"], "ce-source": request.headers["ce-source"] };
      fetch(${JSON.stringify(sink)}, { method: "POST", headers }).then(() => response.writeHead(202).end());
    }).listen(process.env.PORT, "127.0.0.1");`;
  await writeFile(join(server.dataDir, `${name}.cjs`), program);
  return service(name, `${process.execPath} ${name}.cjs`, { "rouse.dev/workdir": server.dataDir });
}

const brokenCommands: readonly { name: string; command: string; says: RegExp }[] = [
  { name: "absent", command: "/no/such/program --flag", says: /no such|ENOENT|not found|does not exist|cannot/i },
  {
    name: "exits",
    command: `${process.execPath} -e "console.error('no licence found'); process.exit(3)"`,
    says: /no licence found/,
  },
  { name: "exits-zero", command: `${process.execPath} -e 0`, says: /exit|ended|keep running/ },
  { name: "never-listens", command: `${process.execPath} -e "setInterval(() => 0, 1000)"`, says: /listen/ },
];

test("commands that cannot serve are reported in the condition, their events held, and nothing is lost", async () => {
  await using server = await startServerProcess();
  await using subscriber = await startSubscriber();
  const api = new Api(server);
  await api.apply(broker());
  for (const { command, name } of brokenCommands) {
    await api.apply(
      service(name, command, { "rouse.dev/start-timeout": "PT2S" }),
      trigger(name, refTo("Service", name), { delivery: { retry: 0 } }),
    );
  }
  await api.apply(trigger("healthy", subscriber.url("/healthy")));
  for (const id of ["1", "2", "3"]) await sendUntilAccepted(server.broker(), { id });
  for (const { name, says } of brokenCommands) {
    const condition = await awaitValue(
      `Service ${name} to say what is wrong`,
      async () => {
        const ready = await api.condition("Service", name);
        return ready?.status === "False" ? ready : undefined;
      },
      { withinMs: 15_000, everyMs: 100, evidence: () => api.workload(name) },
    );
    expect(condition.message, name).toMatch(says);
    expect((await api.workload(name))?.startFailures, name).toBeGreaterThan(0);
  }
  expect(subscriber.acceptedCounts("/healthy").size).toBe(3);
  expect(await api.dead()).toEqual([]);

  // Repaired, each of them gets what it was held.
  for (const { name } of brokenCommands) await api.apply(await forwarder(server, name, subscriber.url(`/${name}`)));
  for (const { name } of brokenCommands) {
    await awaitCondition(`${name} to get three`, () => subscriber.acceptedCounts(`/${name}`).size === 3, {
      withinMs: 40_000,
      evidence: async () => [await api.workload(name), await api.condition("Service", name)],
    });
  }
  expect(await api.dead()).toEqual([]);
  expect(server.running).toBe(true);
});

/** Sends one event to a subscriber that answers so; says what became of it. */
async function answeredWith(answer: Answer, delivery: object = soon) {
  await using server = await startServerProcess();
  await using subscriber = await startSubscriber();
  const api = new Api(server);
  subscriber.on("/odd", () => answer);
  await api.apply(
    broker(),
    trigger("odd", subscriber.url("/odd"), { ...ofType("odd"), delivery }),
    trigger("other", subscriber.url("/other"), ofType("even")),
  );
  await sendUntilAccepted(server.broker(), { id: "1", type: "odd" });
  const attempts = async () => (await api.tail()).filter((line) => line.kind === "attempt" && line.trigger === "odd");
  await awaitCondition(
    "a last attempt",
    async () => ["done", "dead"].includes(String((await attempts()).at(-1)?.verdict)),
    { withinMs: 20_000 },
  );
  // Whatever it answered, the others are served as before.
  await sendUntilAccepted(server.broker(), { id: "2", type: "even" });
  await awaitCondition("the other trigger", () => subscriber.received("/other").length === 1);
  expect(server.running).toBe(true);
  await awaitCondition("its record", async () => {
    const isDead = (await attempts()).at(-1)?.verdict === "dead";
    return !isDead || (await api.dead()).length === 1;
  });
  return { attempts: await attempts(), dead: await api.dead(), visits: subscriber.received("/odd").length };
}

test("a redirect is not followed: the event is dead, and the record says so", async () => {
  const { dead, visits } = await answeredWith(status(307, { location: "/other" }));
  expect(visits).toBe(1);
  expect(dead).toMatchObject([{ trigger: "odd", reason: "refused", attempts: 1 }]);
  expect(dead[0]?.message).toContain("307");
});

test("200 with garbage is accepted, with a warning", async () => {
  const { attempts, dead } = await answeredWith({ kind: "status", status: 200, body: "\u0000 garbage" });
  expect(dead).toEqual([]);
  expect(attempts).toMatchObject([{ verdict: "done", note: { warning: expect.any(String) } }]);
});

test("200 with a reply that claims to be an event and is none fails the attempt", async () => {
  const headers = { "content-type": "application/cloudevents+json" };
  const { dead, visits } = await answeredWith({ kind: "status", status: 200, headers, body: "{ garbage" });
  expect(visits).toBe(2);
  expect(dead).toMatchObject([{ trigger: "odd", reason: "retries-exhausted", attempts: 2 }]);
});

test("a subscriber that never answers is given up after its timeout, and the record says so", async () => {
  const { dead, visits } = await answeredWith({ kind: "hang" }, { ...soon, timeout: "PT0.5S" });
  expect(visits).toBe(2);
  expect(dead).toMatchObject([{ trigger: "odd", reason: "retries-exhausted", attempts: 2 }]);
  expect(dead[0]?.message).toContain("500 ms");
});

test("a subscriber that answers its headers and never ends the body", async () => {
  const { visits } = await answeredWith(
    {
      kind: "raw",
      write: (response) => {
        response.writeHead(202);
        response.write("and then nothing");
      },
    },
    { ...soon, timeout: "PT0.5S" },
  );
  expect(visits).toBe(1);
});

test("an answer of 50 MB is not kept: plain, the event is done; as a reply, it is dead", async () => {
  const body = Buffer.alloc(50 * 1024 * 1024, "x");
  const plain = await answeredWith({ kind: "status", status: 200, body });
  expect(plain.dead).toEqual([]);
  const headers = { "ce-specversion": "1.0", "ce-id": "r", "ce-source": "/r", "ce-type": "r" };
  const asReply = await answeredWith({ kind: "status", status: 200, headers, body });
  expect(asReply.dead).toMatchObject([{ trigger: "odd", reason: "retries-exhausted" }]);
});

test("a subscriber that answers before it has read the body gets the event once", async () => {
  const { dead, visits } = await answeredWith(accepted);
  expect([dead.length, visits]).toEqual([0, 1]);
});
