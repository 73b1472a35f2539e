import { z } from "zod";
import { knativeAnnotations } from "./annotations.ts";
import { commonColumns, fieldColumn } from "./columns.ts";
import { livingSet } from "./conditions.ts";
import { defaultDelivery } from "./delivery-defaults.ts";
import { type DeliverySpec, deliverySchema, unsupportedInDelivery, validateDelivery } from "./delivery-spec.ts";
import { destinationInNamespace } from "./destination.ts";
import { unchanged } from "./immutable.ts";
import type { KindDefinition } from "./kind.ts";
import type { ResourceObject, ResourceStatus } from "./resource-object.ts";

/** The specification of a Broker; `delivery` is there after defaults. */
export interface BrokerSpec {
  /** Settings of another implementation; kept, never read. */
  readonly config?:
    | {
        readonly apiVersion?: string | undefined;
        readonly kind?: string | undefined;
        readonly name?: string | undefined;
        readonly namespace?: string | undefined;
      }
    | undefined;
  readonly delivery?: DeliverySpec | undefined;
}

/** The state of a Broker. */
export interface BrokerStatus extends ResourceStatus {
  readonly address?: { readonly name?: string; readonly url: string };
}

/** An event mesh that stores events and hands them to its triggers. */
export type BrokerObject = ResourceObject<BrokerSpec, BrokerStatus>;

const className = knativeAnnotations.brokerClass.name;

/** The class of a Broker that names none. */
export const defaultBrokerClass = "Rouse";

const specSchema: z.ZodType<BrokerSpec> = z
  .strictObject({
    config: z
      .strictObject({
        apiVersion: z.string().optional(),
        kind: z.string().optional(),
        name: z.string().optional(),
        namespace: z.string().optional(),
      })
      .optional()
      .describe("Configuration of the implementation in a cluster; has no effect here. Cannot be changed."),
    delivery: deliverySchema.optional().describe("The default for every Trigger of this Broker."),
  })
  .describe("What the Broker's triggers have in common.");

/** Broker (eventing.knative.dev/v1). */
export const brokerKind: KindDefinition<BrokerObject> = {
  group: "eventing.knative.dev",
  version: "v1",
  kind: "Broker",
  plural: "brokers",
  singular: "broker",
  shortNames: [],
  categories: ["all", "knative", "eventing"],
  description: "Stores events and hands each one to every Trigger that wants it.",
  spec: specSchema,
  specOptional: true,
  unsupported: unsupportedInDelivery("spec.delivery"),
  defaults(broker) {
    const delivery: DeliverySpec = broker.spec.delivery ?? defaultDelivery;
    const deadLetterSink = destinationInNamespace(delivery.deadLetterSink, broker.metadata.namespace);
    const annotations = { [className]: defaultBrokerClass, ...broker.metadata.annotations };
    return {
      ...broker,
      metadata: { ...broker.metadata, annotations },
      spec: { ...broker.spec, delivery: deadLetterSink === undefined ? delivery : { ...delivery, deadLetterSink } },
    };
  },
  validate(broker) {
    const warnings: string[] = [];
    const ofClass = broker.metadata.annotations?.[className];
    if (ofClass !== undefined && ofClass !== defaultBrokerClass) {
      warnings.push(
        `metadata.annotations[${className}]: "${ofClass}" has no effect here; every broker is kept in the same way`,
      );
    }
    if (broker.spec.config !== undefined) warnings.push("spec.config: has no effect here");
    return { problems: validateDelivery(broker.spec.delivery, "spec.delivery"), warnings };
  },
  immutable(old, next) {
    return [
      ...unchanged(
        `metadata.annotations[${className}]`,
        old.metadata.annotations?.[className],
        next.metadata.annotations?.[className],
      ),
      ...unchanged("spec.config", old.spec.config, next.spec.config),
    ];
  },
  columns: [
    fieldColumn("URL", "status.address.url", "Where to send events."),
    ...commonColumns,
    fieldColumn("Class", `metadata.annotations[${className}]`, "Which implementation keeps it.", { priority: 1 }),
  ],
  conditions: livingSet("IngressReady", "FilterReady", "TriggerChannelReady", "Addressable", "DeadLetterSinkResolved"),
};
