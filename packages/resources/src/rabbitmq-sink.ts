import { z } from "zod";
import { livingSet } from "./conditions.ts";
import { contentModeSchema, type SinkStatus, sinkColumns } from "./kafka-sink.ts";
import type { KindDefinition } from "./kind.ts";
import { validateNameText } from "./name-text.ts";
import { invalid, type Problem } from "./problem.ts";
import {
  clusterReferenceSchema,
  type RabbitmqClusterReference,
  unsupportedInClusterReference,
  validateClusterReference,
} from "./rabbitmq-connection.ts";
import type { ResourceObject } from "./resource-object.ts";

/** The specification of a RabbitmqSink. */
export interface RabbitmqSinkSpec {
  readonly rabbitmqClusterReference: RabbitmqClusterReference;
  /** Absent: that of the connection's URI, or `/`. */
  readonly vhost?: string | undefined;
  /** The exchange, which must be there; empty is the default exchange, which routes by queue name. */
  readonly exchangeName: string;
  /** Absent: the type of each event. Needed with the default exchange: the name of the queue. */
  readonly routingKey?: string | undefined;
  /** There after defaults. */
  readonly contentMode: "binary" | "structured";
}

/** An addressable that publishes events to an exchange of RabbitMQ. */
export type RabbitmqSinkObject = ResourceObject<RabbitmqSinkSpec, SinkStatus>;

const specSchema = z
  .strictObject({
    rabbitmqClusterReference: clusterReferenceSchema,
    vhost: z.string().optional().describe("The virtual host; default: that of the uri, or /."),
    exchangeName: z
      .string()
      .describe("The exchange, which must be there; empty is the default exchange, which routes by the queue's name."),
    routingKey: z.string().optional().describe("The routing key of every message; default: the type of its event."),
    contentMode: contentModeSchema,
  })
  .describe("Which exchange of which RabbitMQ events are published to.");

/** RabbitmqSink (rouse.dev/v1alpha1). */
export const rabbitmqSinkKind: KindDefinition<RabbitmqSinkObject> = {
  group: "rouse.dev",
  version: "v1alpha1",
  kind: "RabbitmqSink",
  plural: "rabbitmqsinks",
  singular: "rabbitmqsink",
  shortNames: ["rmqsink"],
  categories: ["all", "knative", "eventing"],
  description: "Takes events and publishes them to an exchange of RabbitMQ.",
  spec: specSchema,
  specOptional: false,
  unsupported: unsupportedInClusterReference("spec.rabbitmqClusterReference"),
  defaults(sink) {
    const { contentMode = "binary" }: Partial<RabbitmqSinkSpec> = sink.spec;
    return { ...sink, spec: { ...sink.spec, contentMode } };
  },
  validate({ spec }) {
    const { vhost, exchangeName, routingKey } = spec;
    const problems: Problem[] = [
      ...validateClusterReference(spec.rabbitmqClusterReference, "spec.rabbitmqClusterReference"),
      ...(vhost === undefined ? [] : validateNameText(vhost, "spec.vhost", 255)),
      ...(exchangeName === "" ? [] : validateNameText(exchangeName, "spec.exchangeName", 255)),
      ...(routingKey === undefined || routingKey === "" ? [] : validateNameText(routingKey, "spec.routingKey", 255)),
    ];
    if (exchangeName === "" && !routingKey) {
      const hint = "the default exchange routes by the queue's name";
      problems.push(
        invalid("spec.routingKey", "the name of a queue, because exchangeName is empty", routingKey ?? "", hint),
      );
    }
    return { problems, warnings: [] };
  },
  immutable: () => [],
  columns: sinkColumns,
  conditions: livingSet("ExchangeReady", "Addressable"),
};
