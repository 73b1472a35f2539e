import { z } from "zod";
import { knativeAnnotations } from "./annotations.ts";
import { commonColumns, fieldColumn } from "./columns.ts";
import { livingSet } from "./conditions.ts";
import { type DeliverySpec, deliverySchema, unsupportedInDelivery, validateDelivery } from "./delivery-spec.ts";
import {
  type Destination,
  destinationInNamespace,
  destinationSchema,
  unsupportedInDestination,
  validateDestination,
} from "./destination.ts";
import type { AttributesFilter, FilterSpec } from "./filter-spec.ts";
import { attributesFilterSchema, filterSchema, validateAttributesFilter, validateFilter } from "./filters.ts";
import { unchanged } from "./immutable.ts";
import type { KindDefinition } from "./kind.ts";
import { dnsLabelExpected, isDnsLabel } from "./metadata.ts";
import { invalid, type Problem } from "./problem.ts";
import type { ResourceObject, ResourceStatus } from "./resource-object.ts";

/** The specification of a Trigger. */
export interface TriggerSpec {
  readonly broker: string;
  /** There after defaults; ignored when `filters` is not empty. */
  readonly filter?: AttributesFilter | undefined;
  /** All of them must take the event. */
  readonly filters?: readonly FilterSpec[] | undefined;
  readonly subscriber: Destination;
  readonly delivery?: DeliverySpec | undefined;
}

/** The state of a Trigger. */
export interface TriggerStatus extends ResourceStatus {
  readonly subscriberUri?: string;
  readonly deadLetterSinkUri?: string;
  /** The trigger sees events whose log sequence is greater. */
  readonly fromSequence?: number;
}

/** A filtered subscription to a Broker. */
export type TriggerObject = ResourceObject<TriggerSpec, TriggerStatus>;

/** The label by which Knative's tools find the triggers of a Broker. */
export const brokerLabel = "eventing.knative.dev/broker";

const specSchema: z.ZodType<TriggerSpec> = z
  .strictObject({
    broker: z.string().describe("Name of the Broker in the same namespace. Cannot be changed."),
    filter: attributesFilterSchema.optional(),
    filters: z
      .array(filterSchema)
      .optional()
      .describe("All of them must take the event; when not empty, filter is ignored."),
    subscriber: destinationSchema.describe("Where matching events are posted to."),
    delivery: deliverySchema.optional(),
  })
  .describe("Which events of which Broker go where.");

/** Trigger (eventing.knative.dev/v1). */
export const triggerKind: KindDefinition<TriggerObject> = {
  group: "eventing.knative.dev",
  version: "v1",
  kind: "Trigger",
  plural: "triggers",
  singular: "trigger",
  shortNames: [],
  categories: ["all", "knative", "eventing"],
  description: "Delivers the events of a Broker that pass its filter to a subscriber.",
  spec: specSchema,
  specOptional: false,
  unsupported: {
    "spec.brokerRef": "name a Broker in the same namespace: spec.broker",
    ...unsupportedInDestination("spec.subscriber"),
    ...unsupportedInDelivery("spec.delivery"),
  },
  defaults(trigger) {
    const { metadata, spec } = trigger;
    const deadLetterSink = destinationInNamespace(spec.delivery?.deadLetterSink, metadata.namespace);
    return {
      ...trigger,
      metadata: { ...metadata, labels: { ...metadata.labels, [brokerLabel]: spec.broker } },
      spec: {
        ...spec,
        filter: spec.filter ?? {},
        subscriber: destinationInNamespace(spec.subscriber, metadata.namespace),
        ...(deadLetterSink !== undefined && { delivery: { ...spec.delivery, deadLetterSink } }),
      },
    };
  },
  validate(trigger, checks) {
    const { spec } = trigger;
    const problems = isDnsLabel(spec.broker) ? [] : [invalid("spec.broker", dnsLabelExpected, spec.broker)];
    const warnings: string[] = [];
    problems.push(...validateAttributesFilter(spec.filter, "spec.filter"));
    for (const [index, filter] of (spec.filters ?? []).entries()) {
      const findings = validateFilter(filter, `spec.filters[${index}]`, checks);
      problems.push(...findings.problems);
      warnings.push(...findings.warnings);
    }
    if (spec.filters?.length && Object.keys(spec.filter?.attributes ?? {}).length > 0) {
      warnings.push("spec.filter: is ignored, because spec.filters is given");
    }
    problems.push(...validateDestination(spec.subscriber, "spec.subscriber"));
    problems.push(...validateDelivery(spec.delivery, "spec.delivery"), ...dependencyProblems(trigger));
    return { problems, warnings };
  },
  immutable(old, next) {
    return unchanged("spec.broker", old.spec.broker, next.spec.broker);
  },
  columns: [
    fieldColumn("Broker", "spec.broker", "The Broker it reads."),
    fieldColumn("Subscriber_URI", "status.subscriberUri", "Where events are posted to."),
    ...commonColumns,
  ],
  conditions: livingSet(
    "BrokerReady",
    "DependencyReady",
    "SubscriberResolved",
    "DeadLetterSinkResolved",
    "SubscriptionReady",
  ),
};

function dependencyProblems(trigger: TriggerObject): Problem[] {
  const { name, parse } = knativeAnnotations.dependency;
  const text = trigger.metadata.annotations?.[name];
  const read = text === undefined ? undefined : parse(text);
  const namespace = read?.kind === "value" ? read.value?.namespace : undefined;
  if (namespace === undefined || namespace === trigger.metadata.namespace) return [];
  return [
    invalid(`metadata.annotations[${name}]`, `an object in namespace "${trigger.metadata.namespace}"`, namespace),
  ];
}
