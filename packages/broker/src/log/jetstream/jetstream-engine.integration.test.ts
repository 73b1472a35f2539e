import type { NatsConnection } from "@nats-io/transport-node";
import { systemClock } from "@rouse/base";
import { afterAll, beforeAll } from "vitest";
import type { EngineRig } from "../engine-rig.testing.ts";
import { engineConformance } from "../log.conformance.ts";
import { connectNats } from "./connection.ts";
import { createJetstreamEngine } from "./jetstream-engine.ts";
import { startTestServer, withNatsServers } from "./nats-server.testing.ts";
import type { NatsServer } from "./nats-server.ts";

await withNatsServers("jetstream conformance", (binary) => {
  let server: NatsServer;
  beforeAll(async () => {
    server = await startTestServer(binary);
  });
  afterAll(async () => {
    await server[Symbol.asyncDispose]();
  });

  engineConformance("jetstream", () => rig(server), { tooLargeBytes: 1024 * 1024 + 1 });
});

/** What the client still holds: subscriptions, and listeners of its status. */
function leftoversOf(connection: NatsConnection): number {
  const { protocol } = connection as unknown as {
    protocol: { subscriptions: { subs: Map<number, { subject: string }> } };
  };
  const mux = [...protocol.subscriptions.subs.values()].filter((one) => /^_INBOX\.[^.]+\.\*$/.test(one.subject));
  return protocol.subscriptions.subs.size - Math.min(mux.length, 1);
}

async function rig(server: NatsServer): Promise<EngineRig> {
  const connection = await connectNats({ servers: [server.url], user: server.user, password: server.password });
  let timers = 0;
  const clock = {
    ...systemClock,
    setTimer(delayMs: number, fire: () => void) {
      timers++;
      let isSet = true;
      const done = () => {
        if (isSet) timers--;
        isSet = false;
      };
      const timer = systemClock.setTimer(delayMs, () => {
        done();
        fire();
      });
      return {
        cancel() {
          done();
          timer.cancel();
        },
      };
    },
  };
  const engine = createJetstreamEngine({ connection, clock });
  return {
    engine,
    pass: (ms) => new Promise((resolve) => setTimeout(resolve, ms)),
    leftovers: () => timers + leftoversOf(connection),
    async [Symbol.asyncDispose]() {
      await engine[Symbol.asyncDispose]();
      await connection.close();
    },
  };
}
