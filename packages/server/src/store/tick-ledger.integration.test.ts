import type { NatsConnection } from "@nats-io/transport-node";
import { afterAll, beforeAll, describe } from "vitest";
import { NatsProcess, natsExpected } from "./nats-process.testing.ts";
import { tickLedgerConformance } from "./tick-ledger.conformance.ts";
import { KvTickLedger } from "./tick-ledger.ts";

describe.skipIf(!natsExpected)("kv tick ledger on a real nats-server", () => {
  let server: NatsProcess;
  let connection: NatsConnection;
  let buckets = 0;

  beforeAll(async () => {
    server = await NatsProcess.start();
    connection = await server.connect();
  });
  afterAll(async () => {
    await connection.close();
    await server[Symbol.asyncDispose]();
  });

  tickLedgerConformance("kv tick ledger", () => KvTickLedger.open({ connection, prefix: `T${++buckets}` }));
});
