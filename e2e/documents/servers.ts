import { type Engine, engineApi, engineHint, findEngine, startEngine } from "@rouse/serving-client/testing";
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

/** A server that a document expects to be there, at the address that scripts and compose.yaml give it; `containers`: an engine. */
export type ServerName = "containers" | "kafka" | "rabbitmq";

/** What differs for a document's commands from what it says. */
export interface Surroundings {
  /** Replaces the default addresses in a text of the document: free ports, or the servers that the environment names. */
  readonly addressed: (text: string) => string;
  /** Variables for all of its commands. */
  readonly variables: Readonly<Record<string, string>>;
}

/** What documents make containers of. */
const documentImage = { repository: "node", tag: "22-alpine" };

const hints: Readonly<Record<ServerName, () => string | undefined>> = {
  containers: () => (findEngine() ? undefined : engineHint),
  kafka: () => (findKafka() ? undefined : kafkaHint),
  rabbitmq: () => (findRabbitmq() ? undefined : rabbitmqHint),
};

/**
 * Which of the servers cannot be had on this machine, with the way out; undefined when all can. With CI=true none may be
 * missing, so that the check fails instead of being skipped.
 */
export function missingServers(names: readonly ServerName[]): string | undefined {
  if (process.env.CI === "true") return undefined;
  const missing = names.map((name) => hints[name]()).filter((hint) => hint !== undefined);
  return missing.join("; ") || undefined;
}

/** The servers of all documents of a file: started when the first one needs them, ended when this is disposed. */
export class DocumentServers implements AsyncDisposable {
  private containers: Promise<ContainerPlace> | undefined;
  private kafka: Promise<KafkaServer> | undefined;
  private rabbitmq: Promise<RabbitmqServer> | undefined;

  /** Rejects when one of the servers cannot be started. */
  async start(names: readonly ServerName[]): Promise<Surroundings> {
    if (names.includes("containers")) this.containers ??= openContainerPlace();
    if (names.includes("kafka")) this.kafka ??= startKafka();
    if (names.includes("rabbitmq")) this.rabbitmq ??= startRabbitmq();
    const [containers, kafka, rabbitmq] = await Promise.all([this.containers, this.kafka, this.rabbitmq]);
    const replaced: [string, string][] = [];
    if (kafka) replaced.push(["127.0.0.1:9092", kafka.bootstrap]);
    if (rabbitmq) {
      const { url, host, port } = rabbitmq;
      replaced.push(["amqp://rouse:rouse@127.0.0.1:5672", url], ["127.0.0.1:5672", `${host}:${port}`]);
    }
    return {
      addressed: (text) => replaced.reduce((done, [from, to]) => done.replaceAll(from, to), text),
      variables: containers ? { DOCKER_HOST: `unix://${containers.socketPath}` } : {},
    };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const started = await Promise.allSettled([this.containers, this.kafka, this.rabbitmq]);
    await Promise.all(started.map((each) => each.status === "fulfilled" && each.value?.[Symbol.asyncDispose]()));
  }
}

/** An engine that has the documents' image. */
interface ContainerPlace extends AsyncDisposable {
  readonly socketPath: string;
}

/** An image of that name that is there already is left as it is: it may be the real one. */
async function openContainerPlace(): Promise<ContainerPlace> {
  const engine: Engine = await startEngine();
  const api = engineApi(engine.socketPath);
  const { repository, tag } = documentImage;
  const known = await api.call("GET", `/images/${repository}:${tag}/json`);
  if (known.status === 404) {
    await api.ask("POST", `/images/${await engine.image("node")}/tag?repo=${repository}&tag=${tag}`);
  }
  return {
    socketPath: engine.socketPath,
    async [Symbol.asyncDispose]() {
      if (known.status === 404) await api.call("DELETE", `/images/${repository}:${tag}`);
      await engine[Symbol.asyncDispose]();
    },
  };
}
