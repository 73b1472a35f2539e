import type { Clock } from "@rouse/base";
import { type KafkaSinkObject, kafkaSinkKind, type RabbitmqSinkObject, rabbitmqSinkKind } from "@rouse/resources";
import {
  createKafkaSink,
  createRabbitmqSink,
  type KafkaSinkDefinition,
  type RabbitmqSinkDefinition,
} from "@rouse/sources";
import { connectionOfSecret } from "../connections/kafka.ts";
import { rabbitmqConnection } from "../connections/rabbitmq.ts";
import type { ConnectionSecrets } from "../connections/secret-values.ts";
import type { OutletRecipe } from "./outlet-host.ts";

/** What sinks need beside their definition. */
export interface OutletTools {
  readonly clock: Clock;
  readonly random: () => number;
  readonly secrets: ConnectionSecrets;
}

/** How KafkaSinks are run. */
export function kafkaSinkRecipe(tools: OutletTools): OutletRecipe<KafkaSinkObject, KafkaSinkDefinition> {
  const { clock, random, secrets } = tools;
  return {
    definition: kafkaSinkKind,
    async define(entry, { spec }) {
      const { namespace, name } = entry.id;
      const secret = spec.auth?.secret.ref.name;
      return {
        uid: entry.uid,
        namespace,
        name,
        connection: await connectionOfSecret(spec.bootstrapServers, secret, namespace, secrets),
        topic: spec.topic,
        contentMode: spec.contentMode,
        ...(spec.numPartitions === undefined ? {} : { numPartitions: spec.numPartitions }),
        ...(spec.replicationFactor === undefined ? {} : { replicationFactor: spec.replicationFactor }),
      };
    },
    open: (definition, changed) => createKafkaSink({ definition, clock, random, changed }),
  };
}

/** How RabbitmqSinks are run. */
export function rabbitmqSinkRecipe(tools: OutletTools): OutletRecipe<RabbitmqSinkObject, RabbitmqSinkDefinition> {
  const { clock, random, secrets } = tools;
  return {
    definition: rabbitmqSinkKind,
    async define(entry, { spec }) {
      const { namespace, name } = entry.id;
      const secret = spec.rabbitmqClusterReference.connectionSecret.name;
      return {
        uid: entry.uid,
        namespace,
        name,
        connection: await rabbitmqConnection(secret, spec.vhost, namespace, secrets),
        exchangeName: spec.exchangeName,
        routingKey: spec.routingKey,
        contentMode: spec.contentMode,
      };
    },
    open: (definition, changed) => createRabbitmqSink({ definition, clock, random, changed }),
  };
}
