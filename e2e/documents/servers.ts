import {
  findKafka,
  findRabbitmq,
  type KafkaServer,
  kafkaHint,
  type RabbitmqServer,
  rabbitmqHint,
  startKafka,
  startRabbitmq,
} from "@rouse/sources/testing";

/** A server that a document expects to be there, at the address that scripts and compose.yaml give it. */
export type ServerName = "kafka" | "rabbitmq";

/**
 * Which of the servers cannot be had on this machine, with the way out; undefined when all can. With CI=true none may be
 * missing, so that the check fails instead of being skipped.
 */
export function missingServers(names: readonly ServerName[]): string | undefined {
  if (process.env.CI === "true") return undefined;
  const missing = names.filter((name) => !(name === "kafka" ? findKafka() : findRabbitmq()));
  return missing.map((name) => (name === "kafka" ? kafkaHint : rabbitmqHint)).join("; ") || undefined;
}

/** The servers of all documents of a file: started when the first one needs them, ended when this is disposed. */
export class DocumentServers implements AsyncDisposable {
  private kafka: Promise<KafkaServer> | undefined;
  private rabbitmq: Promise<RabbitmqServer> | undefined;

  /**
   * Gives what replaces the default addresses in a text of the document: free ports, or the servers of KAFKA_BOOTSTRAP
   * and RABBITMQ_URL. Rejects when one of the servers cannot be started.
   */
  async start(names: readonly ServerName[]): Promise<(text: string) => string> {
    if (names.includes("kafka")) this.kafka ??= startKafka();
    if (names.includes("rabbitmq")) this.rabbitmq ??= startRabbitmq();
    const [kafka, rabbitmq] = await Promise.all([this.kafka, this.rabbitmq]);
    const replaced: [string, string][] = [];
    if (kafka) replaced.push(["127.0.0.1:9092", kafka.bootstrap]);
    if (rabbitmq) {
      const { url, host, port } = rabbitmq;
      replaced.push(["amqp://rouse:rouse@127.0.0.1:5672", url], ["127.0.0.1:5672", `${host}:${port}`]);
    }
    return (text) => replaced.reduce((done, [from, to]) => done.replaceAll(from, to), text);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const started = await Promise.allSettled([this.kafka, this.rabbitmq]);
    await Promise.all(started.map((each) => each.status === "fulfilled" && each.value?.[Symbol.asyncDispose]()));
  }
}
