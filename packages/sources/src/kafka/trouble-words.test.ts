import { createServer, type Server, type Socket } from "node:net";
import { expect, test } from "vitest";
import { ClientSockets, createKafkaClient, type KafkaConnection, requestTimedOut } from "./connection.ts";
import { kafkaLogWords, kafkaWords } from "./trouble-words.ts";

interface Listening extends AsyncDisposable {
  readonly address: string;
}

/** A server that does what it is told with each connection. */
async function listening(each: (socket: Socket) => void): Promise<Listening> {
  const open = new Set<Socket>();
  const server: Server = createServer((socket) => {
    open.add(socket);
    socket.on("error", () => undefined);
    each(socket);
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as { port: number };
  return {
    address: `127.0.0.1:${port}`,
    async [Symbol.asyncDispose]() {
      for (const socket of open) socket.destroy();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

function connectionTo(address: string, more: Partial<KafkaConnection> = {}): KafkaConnection {
  return { bootstrapServers: [address], tls: undefined, sasl: undefined, ...more };
}

/** What connecting fails with. */
async function failureOf(connection: KafkaConnection): Promise<unknown> {
  const sockets = new ClientSockets();
  const options = { clientId: "test", sockets, requestTimeoutMs: 150, connectTimeoutMs: 300 };
  const admin = createKafkaClient(connection, options).admin({ retry: { retries: 0 } });
  const silence = new Promise<never>((_, reject) => {
    admin.on(admin.events.REQUEST_TIMEOUT, ({ payload }) => reject(requestTimedOut(payload)));
  });
  try {
    return await Promise.race([admin.connect(), silence]);
  } catch (failure) {
    return failure;
  } finally {
    sockets.close();
  }
}

test("words: a broker that is not there", async () => {
  const server = await listening(() => undefined);
  await server[Symbol.asyncDispose]();
  const connection = connectionTo(server.address);
  expect(kafkaWords(await failureOf(connection), { connection })).toBe(
    `broker ${server.address} refused the connection`,
  );
});

test("words: a name that is not known", async () => {
  const connection = connectionTo("nowhere.invalid:9092");
  expect(kafkaWords(await failureOf(connection), { connection })).toBe(
    "the name of broker nowhere.invalid:9092 cannot be resolved",
  );
});

test("words: a broker that takes the connection and says nothing", async () => {
  await using server = await listening(() => undefined);
  const connection = connectionTo(server.address);
  expect(kafkaWords(await failureOf(connection), { connection })).toBe(
    `broker ${server.address} did not answer the ApiVersions request in time`,
  );
});

test("words: a broker that closes the connection", async () => {
  await using server = await listening((socket) => socket.once("data", () => socket.end()));
  const connection = connectionTo(server.address);
  expect(kafkaWords(await failureOf(connection), { connection })).toBe(
    `broker ${server.address} closed the connection (does it want TLS? does it want SASL?)`,
  );
});

test("words: a port without TLS", async () => {
  await using server = await listening((socket) => socket.end("HTTP/1.1 400 Bad Request\r\n\r\n"));
  const connection = connectionTo(server.address, { tls: {} });
  expect(kafkaWords(await failureOf(connection), { connection })).toBe(
    `broker ${server.address} does not speak TLS on this port`,
  );
});

test("words: a client certificate that is none", async () => {
  await using server = await listening(() => undefined);
  const connection = connectionTo(server.address, { tls: { cert: "not one", key: "not one" } });
  expect(kafkaWords(await failureOf(connection), { connection })).toContain("certificate or key given cannot be read");
});

const connection = connectionTo("127.0.0.1:9092", {
  sasl: { mechanism: "SCRAM-SHA-256", user: "ada", password: "not-to-be-shown" },
});

test.each([
  [{ type: "UNKNOWN_TOPIC_OR_PARTITION" }, 'topic "t" does not exist'],
  [{ type: "TOPIC_AUTHORIZATION_FAILED" }, 'the user may not read topic "t"'],
  [{ type: "GROUP_AUTHORIZATION_FAILED" }, 'the user may not use consumer group "g"'],
  [{ type: "GROUP_COORDINATOR_NOT_AVAILABLE" }, 'the coordinator of consumer group "g" is not available at the moment'],
  [{ name: "KafkaJSSASLAuthenticationError" }, 'SASL SCRAM-SHA-256: user "ada" was refused (wrong user or password)'],
  [
    { name: "KafkaJSNumberOfRetriesExceeded", cause: { code: "ECONNREFUSED" } },
    "broker 127.0.0.1:9092 refused the connection",
  ],
  [{ code: "CERT_HAS_EXPIRED", broker: "b:1" }, "the certificate of broker b:1 has expired"],
  ["only text", "the Kafka client says: only text"],
])("words: %j", (error, words) => {
  const thrown = typeof error === "string" ? error : Object.assign(new Error("some text"), error);
  expect(kafkaWords(thrown, { connection, consumerGroup: "g", topics: ["t"] })).toBe(words);
});

test("words: of a log line, when they say something", () => {
  const line = { message: "Connection error: connect ECONNREFUSED 127.0.0.1:1", broker: "127.0.0.1:1" };
  expect(kafkaLogWords(line, { connection })).toBe("broker 127.0.0.1:1 refused the connection");
  expect(
    kafkaLogWords({ message: "Response Metadata(key: 3, version: 6)", broker: "b" }, { connection }),
  ).toBeUndefined();
  expect(kafkaLogWords({ message: "something else", broker: undefined }, { connection })).toBeUndefined();
});
