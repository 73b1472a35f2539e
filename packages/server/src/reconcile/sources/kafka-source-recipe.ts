import type { Clock } from "@rouse/base";
import { consumerGroupOf, type KafkaSourceObject, kafkaSourceKind, keyTypeOf } from "@rouse/resources";
import { createKafkaSource, type KafkaSource, type KafkaSourceDefinition } from "@rouse/sources";
import { connectionOfNet } from "../connections/kafka.ts";
import type { ConnectionSecrets } from "../connections/secret-values.ts";
import { overridesOf } from "./overrides.ts";
import type { SourceRecipe } from "./source-host.ts";
import { connectedCondition, troubleCondition, troubleField } from "./trouble.ts";

/** What sources that connect to somewhere need. */
export interface ConnectingTools {
  readonly clock: Clock;
  readonly random: () => number;
  readonly secrets: ConnectionSecrets;
}

/** How KafkaSources are run. */
export function kafkaSourceRecipe(
  tools: ConnectingTools,
): SourceRecipe<KafkaSourceObject, KafkaSourceDefinition, KafkaSource> {
  const { clock, random, secrets } = tools;
  return {
    definition: kafkaSourceKind,
    async define(entry, object) {
      const { spec } = object;
      const { namespace, name } = entry.id;
      return {
        uid: entry.uid,
        namespace,
        name,
        connection: await connectionOfNet(spec.bootstrapServers, spec.net, namespace, secrets),
        topics: spec.topics,
        consumerGroup: consumerGroupOf(object),
        consumers: spec.consumers,
        initialOffset: spec.initialOffset,
        ordering: spec.ordering,
        keyType: keyTypeOf(object),
        ceOverrides: overridesOf(spec.ceOverrides),
      };
    },
    open: (definition, { sink, changed }) => createKafkaSource({ definition, sink, clock, random, changed }),
    describe(source, definition) {
      const { group, lag, partitions, trouble } = source.status();
      // Without consumers nothing is to be connected.
      const connected = definition.consumers === 0 || (group !== "connecting" && group !== "disconnected");
      return {
        // While the group is stable the brokers answer: then it is about topics and positions.
        conditions: [
          group === "stable"
            ? troubleCondition("InitialOffsetsCommitted", "KafkaTrouble", trouble)
            : connectedCondition("ConnectionEstablished", "KafkaTrouble", trouble, connected),
        ],
        fields: {
          consumerGroup: definition.consumerGroup,
          groupState: definition.consumers === 0 ? "paused" : group,
          // Nothing is known of the lag before there are partitions.
          lag: partitions.length === 0 ? undefined : lag,
          partitions: partitions.map((each) => ({ ...each })),
          lastError: troubleField(trouble),
        },
      };
    },
  };
}
