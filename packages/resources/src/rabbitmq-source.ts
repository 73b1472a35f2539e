import { z } from "zod";
import type { CloudEventOverrides } from "./ce-overrides.ts";
import { livingSet } from "./conditions.ts";
import { validateDelivery } from "./delivery-spec.ts";
import type { Destination } from "./destination.ts";
import { unchanged } from "./immutable.ts";
import type { KindDefinition } from "./kind.ts";
import { validateNameText } from "./name-text.ts";
import { invalid, type Problem, required } from "./problem.ts";
import {
  clusterReferenceSchema,
  type RabbitmqClusterReference,
  unsupportedInClusterReference,
  validateClusterReference,
} from "./rabbitmq-connection.ts";
import type { ResourceObject, ResourceStatus } from "./resource-object.ts";
import { sourceColumns, sourceFields, sourceInNamespace, unsupportedInSource, validateSource } from "./source-spec.ts";

/** The specification of a RabbitmqSource; none of it can be changed. */
export interface RabbitmqSourceSpec {
  readonly rabbitmqClusterReference: RabbitmqClusterReference;
  readonly rabbitmqResourcesConfig: {
    /** Absent: that of the connection's URI, or `/`. */
    readonly vhost?: string | undefined;
    /** There unless predeclared. */
    readonly exchangeName?: string | undefined;
    readonly queueName: string;
    /** Messages in hand at once, 1 to 1000. There after defaults. */
    readonly parallelism: number;
    /** True: exchange, queue and binding are there already. There after defaults. */
    readonly predeclared: boolean;
  };
  readonly delivery?: RabbitmqDelivery | undefined;
  readonly ceOverrides?: CloudEventOverrides | undefined;
  readonly sink: Destination;
}

/** How long it is waited while the sink is away; `retry` is not counted, because that is not the message's fault. */
export interface RabbitmqDelivery {
  readonly retry?: number | undefined;
  readonly backoffPolicy?: "linear" | "exponential" | undefined;
  /** An ISO 8601 duration. */
  readonly backoffDelay?: string | undefined;
}

/** The state of a RabbitmqSource. */
export interface RabbitmqSourceStatus extends ResourceStatus {
  readonly sinkUri?: string;
}

/** A source that reads a queue of RabbitMQ. */
export type RabbitmqSourceObject = ResourceObject<RabbitmqSourceSpec, RabbitmqSourceStatus>;

const resourcesSchema = z
  .strictObject({
    vhost: z.string().optional().describe("The virtual host; default: that of the uri, or /."),
    exchangeName: z.string().optional().describe("The exchange the queue is bound to; needed unless predeclared."),
    queueName: z.string().describe("The queue that is read."),
    parallelism: z.int().min(1).max(1000).optional().describe("How many messages may be in hand at once; default 1."),
    predeclared: z
      .boolean()
      .optional()
      .describe("Whether exchange and queue are there already, and nothing is declared; default false."),
  })
  .describe("What is read.");

const deliverySchema: z.ZodType<RabbitmqDelivery> = z
  .strictObject({
    retry: z
      .int()
      .min(0)
      .max(2_147_483_647)
      .optional()
      .describe("Has no effect: a message waits until the sink is back."),
    backoffPolicy: z.enum(["linear", "exponential"]).optional().describe("How the delay grows."),
    backoffDelay: z
      .string()
      .optional()
      .meta({ description: "The delay before the first retry, an ISO 8601 duration.", examples: ["PT0.2S"] }),
  })
  .describe("The waits while the sink is away; a message is never given up for that.");

const specSchema = z
  .strictObject({
    rabbitmqClusterReference: clusterReferenceSchema,
    rabbitmqResourcesConfig: resourcesSchema,
    delivery: deliverySchema.optional(),
    ...sourceFields,
  })
  .describe("Which queue of which RabbitMQ becomes events, and where they go.");

const fields = ["rabbitmqClusterReference", "rabbitmqResourcesConfig", "delivery", "ceOverrides", "sink"] as const;

/** RabbitmqSource (sources.knative.dev/v1alpha1). */
export const rabbitmqSourceKind: KindDefinition<RabbitmqSourceObject> = {
  group: "sources.knative.dev",
  version: "v1alpha1",
  kind: "RabbitmqSource",
  plural: "rabbitmqsources",
  singular: "rabbitmqsource",
  shortNames: ["rmqsource"],
  categories: ["all", "knative", "eventing", "sources", "importers"],
  description: "Reads a queue of RabbitMQ and sends each message as an event.",
  spec: specSchema,
  specOptional: false,
  unsupported: {
    ...unsupportedInSource,
    ...unsupportedInClusterReference("spec.rabbitmqClusterReference"),
    "spec.serviceAccountName": "a source runs inside the server; leave it out",
    "spec.adapterContainerName": "a source runs inside the server; leave it out",
    "spec.delivery.deadLetterSink":
      "what the broker refuses is kept as a dead record and goes to the queue's own dead-letter exchange",
  },
  defaults(source) {
    const config = source.spec.rabbitmqResourcesConfig;
    const { parallelism = 1, predeclared = false }: Partial<typeof config> = config;
    const spec = { ...source.spec, rabbitmqResourcesConfig: { ...config, parallelism, predeclared } };
    return { ...source, spec: sourceInNamespace(spec, source.metadata.namespace) };
  },
  validate({ spec }) {
    const { delivery, ...rest } = spec;
    const common = validateSource(rest);
    const problems = [
      ...validateClusterReference(spec.rabbitmqClusterReference, "spec.rabbitmqClusterReference"),
      ...resourceProblems(spec.rabbitmqResourcesConfig, "spec.rabbitmqResourcesConfig"),
      ...validateDelivery(delivery, "spec.delivery"),
      ...common.problems,
    ];
    return { problems, warnings: common.warnings };
  },
  immutable: (old, next) => fields.flatMap((field) => unchanged(`spec.${field}`, old.spec[field], next.spec[field])),
  columns: sourceColumns,
  conditions: livingSet("SinkProvided", "Deployed"),
};

function resourceProblems(config: RabbitmqSourceSpec["rabbitmqResourcesConfig"], path: string): Problem[] {
  const { vhost, exchangeName, queueName, predeclared } = config;
  const problems = validateNameText(queueName, `${path}.queueName`, 255);
  if (vhost !== undefined) problems.push(...validateNameText(vhost, `${path}.vhost`, 255));
  if (!predeclared && queueName.startsWith("amq.")) {
    const hint = "choose another name, or write predeclared: true";
    problems.push(invalid(`${path}.queueName`, "a name that RabbitMQ does not keep for itself", queueName, hint));
  }
  if (exchangeName === undefined && !predeclared) {
    const hint = "predeclared: true reads a queue that is there already";
    problems.push(required(`${path}.exchangeName`, "the exchange that the queue is bound to", hint));
  }
  if (exchangeName !== undefined) problems.push(...validateNameText(exchangeName, `${path}.exchangeName`, 255));
  return problems;
}
