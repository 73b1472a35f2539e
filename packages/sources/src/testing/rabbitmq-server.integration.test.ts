import { type Channel, connect } from "amqplib";
import { describe, expect, test } from "vitest";
import { findRabbitmq, rabbitmqHint } from "./rabbitmq-installation.testing.ts";
import { startRabbitmq } from "./rabbitmq-server.testing.ts";

async function withChannel<Result>(
  url: string,
  act: (channel: Channel) => Promise<Result>,
  socket: object = {},
): Promise<Result> {
  const connection = await connect(url, socket);
  connection.on("error", () => undefined);
  try {
    return await act(await connection.createChannel());
  } finally {
    await connection.close();
  }
}

if (!findRabbitmq()) test.skip(`no RabbitMQ here; ${rabbitmqHint}`, () => {});

describe.skipIf(!findRabbitmq({ own: true }))("a rabbitmq of our own", () => {
  test("startRabbitmq: what was stored is there again after SIGKILL and a new start", async () => {
    await using rabbitmq = await startRabbitmq({ own: true });
    const connection = await connect(rabbitmq.url);
    connection.on("error", () => undefined);
    const channel = await connection.createConfirmChannel();
    await channel.assertQueue("orders", { durable: true, arguments: { "x-queue-type": "quorum" } });
    channel.sendToQueue("orders", Buffer.from("first"), { persistent: true });
    await channel.waitForConfirms();
    await rabbitmq.settle();
    await rabbitmq.kill();
    expect(await rabbitmq.exited).toBe("signal SIGKILL");
    await rabbitmq.run();
    const message = await withChannel(rabbitmq.url, (open) => open.get("orders", { noAck: true }));
    expect(message ? message.content.toString() : message).toBe("first");
    expect(await rabbitmq.ctl("list_queues", "name", "type")).toContain("orders\tquorum");
  });

  test("startRabbitmq: listens with TLS when asked, and lets nobody in without a wanted certificate", async () => {
    await using rabbitmq = await startRabbitmq({ tls: true, clientCertificate: "required" });
    const { ca, client } = rabbitmq.certificates!;
    const queue = (open: Channel) => open.assertQueue("orders");
    const { messageCount } = await withChannel(rabbitmq.tlsUrl!, queue, { ca, ...client });
    expect(messageCount).toBe(0);
    await expect(withChannel(rabbitmq.tlsUrl!, queue, { ca })).rejects.toThrow();
  });
});
