import { type Message, Partitioners, type Producer } from "kafkajs";
import { ClientSockets, createKafkaClient, type KafkaConnection } from "./connection.ts";

/** What of a KafkaSink its link to Kafka needs. */
export interface LinkTarget {
  readonly namespace: string;
  readonly name: string;
  readonly connection: KafkaConnection;
  readonly topic: string;
  /** With one of the two set the topic is created when it does not exist; the other is then the cluster's default. */
  readonly numPartitions?: number | undefined;
  readonly replicationFactor?: number | undefined;
}

/**
 * One connection of a sink to its cluster. Used for one life: connected once, closed once; after a failure a new one is
 * made. Both calls reject with the client's errors.
 */
export interface ProducerLink {
  /** Connects, and creates the topic where that was asked for. */
  connect(): Promise<void>;
  /** Resolves when all replicas that are in sync have all the records; a rejection may leave some of them stored. */
  produce(messages: Message[]): Promise<void>;
  /** Breaks every socket at once, also while connecting; what was under way rejects. */
  close(): void;
}

const replicationTimeoutMs = 8_000;

/** A link by kafkajs; connects to nothing yet. */
export function createProducerLink(target: LinkTarget): ProducerLink {
  const { connection, topic, numPartitions, replicationFactor } = target;
  const sockets = new ClientSockets();
  const clientId = `rouse-kafkasink-${target.namespace}-${target.name}`;
  const kafka = createKafkaClient(connection, { clientId, sockets, requestTimeoutMs: 10_000 });
  let producer: Producer | undefined;

  async function createTopic(): Promise<void> {
    if (numPartitions === undefined && replicationFactor === undefined) return;
    const admin = kafka.admin();
    try {
      await admin.connect();
      if ((await admin.listTopics()).includes(topic)) return;
      const shape = {
        ...(numPartitions === undefined ? {} : { numPartitions }),
        ...(replicationFactor === undefined ? {} : { replicationFactor }),
      };
      // Answers false when another process was first, which is as good.
      await admin.createTopics({ topics: [{ topic, ...shape }], waitForLeaders: true, timeout: 5_000 });
    } finally {
      await admin.disconnect().catch(() => undefined);
    }
  }

  return {
    async connect() {
      await createTopic();
      // Not the idempotent producer: the client's one gives up for good after some failures and needs a right of its own
      // on older clusters, while a repeat after a restart would be a duplicate all the same. Source and id tell readers.
      producer = kafka.producer({
        createPartitioner: Partitioners.DefaultPartitioner,
        allowAutoTopicCreation: false,
        idempotent: false,
      });
      await producer.connect();
    },
    async produce(messages) {
      if (producer === undefined) throw new Error("the link was not connected");
      await producer.send({ topic, messages, acks: -1, timeout: replicationTimeoutMs });
    },
    close() {
      sockets.close();
      // Nothing is in hand that this could save, but the client's timers end with it.
      producer?.disconnect().catch(() => undefined);
    },
  };
}
