import {
  parseDuration,
  type RabbitmqSourceObject,
  rabbitmqSourceKind,
  readAnnotation,
  rouseAnnotations,
} from "@rouse/resources";
import { createRabbitmqSource, type RabbitmqSource, type RabbitmqSourceDefinition } from "@rouse/sources";
import { rabbitmqConnection } from "../connections/rabbitmq.ts";
import type { ConnectingTools } from "./kafka-source-recipe.ts";
import { overridesOf } from "./overrides.ts";
import type { SourceRecipe } from "./source-host.ts";
import { connectedCondition, troubleField } from "./trouble.ts";

/** How RabbitmqSources are run. */
export function rabbitmqSourceRecipe(
  tools: ConnectingTools,
): SourceRecipe<RabbitmqSourceObject, RabbitmqSourceDefinition, RabbitmqSource> {
  const { clock, random, secrets } = tools;
  return {
    definition: rabbitmqSourceKind,
    async define(entry, object) {
      const { rabbitmqClusterReference: reference, rabbitmqResourcesConfig: config, ceOverrides } = object.spec;
      const { namespace, name } = entry.id;
      const secret = reference.connectionSecret.name;
      return {
        uid: entry.uid,
        namespace,
        name,
        connection: await rabbitmqConnection(secret, config.vhost, namespace, secrets),
        exchangeName: config.exchangeName,
        queueName: config.queueName,
        queueType: readAnnotation(object, rouseAnnotations.queueType),
        predeclared: config.predeclared,
        parallelism: config.parallelism,
        delivery: deliveryOf(object.spec.delivery),
        ceOverrides: overridesOf(ceOverrides),
      };
    },
    open: (definition, { sink, changed }) => createRabbitmqSource({ definition, sink, clock, random, changed }),
    describe(source) {
      const { connection, consumers, inFlight, messagesReady, queue, trouble } = source.status();
      return {
        conditions: [connectedCondition("Deployed", "RabbitmqTrouble", trouble, connection === "connected")],
        fields: { connection, queue, messagesReady, consumers, inFlight, lastError: troubleField(trouble) },
      };
    },
  };
}

function deliveryOf(delivery: RabbitmqSourceObject["spec"]["delivery"]): RabbitmqSourceDefinition["delivery"] {
  if (delivery === undefined) return undefined;
  const delay = parseDuration(delivery.backoffDelay ?? "PT0.2S");
  return {
    retry: delivery.retry ?? 0,
    backoffPolicy: delivery.backoffPolicy ?? "exponential",
    backoffDelayMs: delay.kind === "invalid" ? 200 : delay.ms,
  };
}
