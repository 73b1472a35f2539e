import type { z } from "zod";
import { type CloudEventOverrides, overrideProblems, overridesSchema } from "./ce-overrides.ts";
import { commonColumns, fieldColumn, type PrinterColumn } from "./columns.ts";
import { type DeliverySpec, deliverySchema, unsupportedInDelivery, validateDelivery } from "./delivery-spec.ts";
import {
  type Destination,
  destinationInNamespace,
  destinationSchema,
  unsupportedInDestination,
  validateDestination,
} from "./destination.ts";
import type { Findings } from "./problem.ts";

/** What the specification of every source has. */
export interface SourceSpec {
  readonly sink: Destination;
  readonly ceOverrides?: CloudEventOverrides | undefined;
  /** Retries and dead letters; only for a sink that is no broker. */
  readonly delivery?: DeliverySpec | undefined;
}

/** The schemas of `sink` and `ceOverrides`, for the schema of a source. */
export const sourceFields = {
  sink: destinationSchema.describe("Where the events go."),
  ceOverrides: overridesSchema.optional() as z.ZodType<CloudEventOverrides | undefined>,
};

/** The same with `delivery`. */
export const deliveringSourceFields = {
  ...sourceFields,
  delivery: deliverySchema.optional().describe("Retries and the dead-letter sink, for a sink that is no Broker."),
};

/** Fields of every source that are refused. */
export const unsupportedInSource: Readonly<Record<string, string>> = {
  ...unsupportedInDestination("spec.sink"),
  ...unsupportedInDelivery("spec.delivery"),
};

/** The specification with the namespaces of its references filled in. */
export function sourceInNamespace<S extends SourceSpec>(spec: S, namespace: string): S {
  const sink = destinationInNamespace(spec.sink, namespace);
  const deadLetterSink = destinationInNamespace(spec.delivery?.deadLetterSink, namespace);
  return { ...spec, sink, ...(deadLetterSink && { delivery: { ...spec.delivery, deadLetterSink } }) };
}

/** The rules that hold for every source. */
export function validateSource(spec: SourceSpec): Findings {
  const problems = [
    ...validateDestination(spec.sink, "spec.sink"),
    ...overrideProblems(spec.ceOverrides, "spec.ceOverrides"),
    ...validateDelivery(spec.delivery, "spec.delivery"),
  ];
  const idle = spec.delivery !== undefined && spec.sink.ref?.kind === "Broker";
  const warning = "spec.delivery: has no effect, because the sink is a Broker, whose triggers deliver the events";
  return { problems, warnings: idle ? [warning] : [] };
}

/** The columns of a source that Knative gives no others. */
export const sourceColumns: readonly PrinterColumn[] = [
  fieldColumn("Sink", "status.sinkUri", "Where the events go."),
  ...commonColumns,
];
