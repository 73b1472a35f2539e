import { startKafka } from "@rouse/sources/testing";
import type { Case } from "../case.ts";
import { compareIntakes } from "../intake/intake.ts";
import { intakeFigures } from "../intake/intake-figures.ts";
import { fillTopic, partitions, topic } from "../intake/kafka-topic.ts";
import { startBareIntake, startRouseIntake, toBroker } from "../intake/sides.ts";
import type { Manifest } from "../rouse/admin.ts";

const name = "kafka-source";
const type = "dev.knative.kafka.event";

/** Records per second from a topic of four partitions into the log, in order, against a consumer written by hand. */
export const kafkaSource: Case = {
  promised: [`${name}.ratio-to-bare`, `${name}.lost`, `${name}.doubled`, `${name}.disordered`],
  async run(context) {
    const count = context.options.quick ? 8_000 : 40_000;
    await using kafka = await startKafka({ own: true });
    await kafka.createTopic(topic, partitions);
    await fillTopic(kafka.bootstrap, count);
    await using rouse = await startRouseIntake(context.binary, [], (place) => source(place, kafka.bootstrap));
    await using bare = await startBareIntake(context.binary, rouse, "./bare/kafka-loop.js", kafka.bootstrap, type);
    // All runs read the same records, each in a group of its own.
    const upstream = { count, lanes: partitions, fill: async () => undefined };
    return intakeFigures(name, await compareIntakes(context, upstream, bare, rouse), true);
  },
};

function source(place: string, bootstrap: string): Manifest {
  return {
    apiVersion: "sources.knative.dev/v1",
    kind: "KafkaSource",
    metadata: { name: place },
    spec: {
      bootstrapServers: [bootstrap],
      topics: [topic],
      consumerGroup: place,
      initialOffset: "earliest",
      ordering: "ordered",
      sink: toBroker,
    },
  };
}
