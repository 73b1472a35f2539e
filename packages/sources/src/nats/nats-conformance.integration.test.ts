import { jetstreamManager } from "@nats-io/jetstream";
import { headers, type NatsConnection } from "@nats-io/transport-node";
import { sleep, systemClock } from "@rouse/base";
import { describe, test } from "vitest";
import { type Outside, type SourceHarness, sourceConformance } from "../source.conformance.ts";
import type { NatsSourceDefinition } from "./definition.ts";
import { NatsProcess, type NatsProgram, natsPrograms } from "./nats-process.testing.ts";
import { createNatsSource } from "./nats-source.ts";

const programs = await natsPrograms();
if (programs.length === 0) test.skip("nats source conformance: no nats-server was found", () => {});

const drainMs = 500;
const type = "dev.rouse.nats.message";

/** Each place has a server of its own, as it may be killed. */
async function open(program: NatsProgram, mode: "stream" | "subject"): Promise<Outside> {
  const server = await NatsProcess.start(program);
  const client = await server.connect();
  if (mode === "stream") await (await jetstreamManager(client)).streams.add({ name: "S", subjects: ["in.>"] });
  const definition: NatsSourceDefinition = {
    uid: "uid-1",
    namespace: "default",
    name: "n",
    connection: { servers: [server.url], user: server.user, password: server.password },
    ...(mode === "stream" ? { stream: { name: "S", deliverPolicy: "all" } } : { subject: "in.>" }),
    ceOverrides: { extensions: { team: "blue" } },
  };
  const ready: (() => boolean)[] = [];
  const put = async (text: string, more?: ReturnType<typeof headers>) => {
    if (mode === "stream") await stored(client, text, more);
    else client.publish("in.a", text, more && { headers: more });
  };
  /** What is published to a subject while nobody listens is gone: the subscription must be there first. */
  const listening = async () => {
    if (mode === "stream") return;
    await until(() => ready.at(-1)?.() === true);
    await sleep(systemClock, 50);
  };
  return {
    source: (sink) => {
      const source = createNatsSource({ definition, sink, clock: systemClock, random: Math.random, drainMs });
      ready.push(() => source.status().connected);
      return source;
    },
    put: async (texts) => {
      await listening();
      for (const text of texts) await put(text);
      await client.flush();
    },
    putInvalid: async () => {
      const broken = headers();
      broken.set("ce-specversion", "1.0");
      await listening();
      await put("broken", broken);
    },
    golden: {
      attributes: {
        specversion: "1.0",
        type,
        subject: "in.a",
        team: "blue",
        source: `/apis/v1/namespaces/default/natssources/n#${mode === "stream" ? "S" : "in.%3E"}`,
        ...(mode === "stream" ? { id: "S/1" } : {}),
      },
      ignore: mode === "stream" ? ["time"] : ["time", "id"],
    },
    crash: async () => {
      await server.kill();
      await until(() => !ready.at(-1)?.());
      await server.run();
      await until(() =>
        client.flush().then(
          () => true,
          () => false,
        ),
      );
    },
    async [Symbol.asyncDispose]() {
      await client.close();
      await server[Symbol.asyncDispose]();
    },
  };
}

for (const program of programs) {
  describe(`nats-server ${program.version}`, () => {
    const harness = (mode: "stream" | "subject"): SourceHarness => ({
      open: () => open(program, mode),
      keeps: mode === "stream",
      drainMs,
    });
    sourceConformance("nats source of a stream", harness("stream"));
    sourceConformance("nats source of a subject", harness("subject"));
  });
}

/** While the server comes back, a request may find it away. */
async function stored(client: NatsConnection, text: string, more?: ReturnType<typeof headers>): Promise<void> {
  for (;;) {
    try {
      await client.request("in.a", text, { timeout: 2_000, ...(more && { headers: more }) });
      return;
    } catch {
      await sleep(systemClock, 50);
    }
  }
}

async function until(holds: () => boolean | Promise<boolean>): Promise<void> {
  while (!(await holds())) await sleep(systemClock, 5);
}
