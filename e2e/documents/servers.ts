import { findKafka, findRabbitmq, kafkaHint, rabbitmqHint, startKafka, startRabbitmq } from "@rouse/sources/testing";

/** A server that a document expects to be there, at the address that scripts and compose.yaml give it. */
export type ServerName = "kafka" | "rabbitmq";

/** Servers for documents. Disposing ends them. */
export interface DocumentServers extends AsyncDisposable {
  /** A text of the document with the addresses of these servers, in place of the default ones. */
  addressed(text: string): string;
}

/** Nothing to start, nothing to replace. */
export const noServers: DocumentServers = {
  addressed: (text) => text,
  [Symbol.asyncDispose]: () => Promise.resolve(),
};

/**
 * Which of the servers cannot be had on this machine, with the way out; undefined when all can. With CI=true none may be
 * missing, so the check is to fail instead of being skipped.
 */
export function missingServers(names: readonly ServerName[]): string | undefined {
  if (process.env.CI === "true") return undefined;
  const missing = names.filter((name) => !(name === "kafka" ? findKafka() : findRabbitmq()));
  return missing.map((name) => (name === "kafka" ? kafkaHint : rabbitmqHint)).join("; ") || undefined;
}

/** Starts the servers on free ports, or takes those of KAFKA_BOOTSTRAP and RABBITMQ_URL. */
export async function startServers(names: readonly ServerName[]): Promise<DocumentServers> {
  const started = await Promise.allSettled([
    names.includes("kafka") ? startKafka() : undefined,
    names.includes("rabbitmq") ? startRabbitmq() : undefined,
  ] as const);
  const [kafka, rabbitmq] = started;
  const end = async (): Promise<void> => {
    await Promise.all(
      started.map((each) => (each.status === "fulfilled" ? each.value?.[Symbol.asyncDispose]() : null)),
    );
  };
  if (kafka.status === "rejected" || rabbitmq.status === "rejected") {
    await end();
    throw new Error(`expected ${names.join(" and ")} to start`, { cause: [kafka, rabbitmq] });
  }
  const { bootstrap } = kafka.value ?? {};
  const { url, host, port } = rabbitmq.value ?? {};
  return {
    addressed(text) {
      const withKafka = bootstrap === undefined ? text : text.replaceAll("127.0.0.1:9092", bootstrap);
      if (url === undefined) return withKafka;
      return withKafka
        .replaceAll("amqp://rouse:rouse@127.0.0.1:5672", url)
        .replaceAll("127.0.0.1:5672", `${host}:${port}`);
    },
    [Symbol.asyncDispose]: end,
  };
}
