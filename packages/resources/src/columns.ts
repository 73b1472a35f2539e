import { parsePath } from "./field-path.ts";
import type { ResourceObject } from "./resource-object.ts";

/** A column of a table of objects. */
export interface PrinterColumn {
  readonly name: string;
  /** A `date` is printed as an age. */
  readonly type: "string" | "integer" | "date";
  /** As a CRD has it. */
  readonly jsonPath: string;
  /** Above 0: only in wide tables. */
  readonly priority: number;
  readonly description: string;
  /** The cell, or undefined when there is nothing to show. */
  readonly value: (object: ResourceObject) => string | undefined;
}

/** A column that shows one field, by its path: `spec.broker`. */
export function fieldColumn(
  name: string,
  path: string,
  description: string,
  options: { readonly type?: PrinterColumn["type"]; readonly priority?: number } = {},
): PrinterColumn {
  const segments = parsePath(path);
  const quote = (segment: string) => segment.replaceAll(".", "\\.");
  return {
    name,
    type: options.type ?? "string",
    priority: options.priority ?? 0,
    description,
    jsonPath: segments.map((segment) => `.${quote(segment)}`).join(""),
    value(object) {
      let at: unknown = object;
      for (const segment of segments) at = (at as Record<string, unknown> | undefined | null)?.[segment];
      return at === undefined || at === null ? undefined : String(at);
    },
  };
}

function readyColumn(name: string, field: "status" | "reason", description: string): PrinterColumn {
  return {
    name,
    type: "string",
    priority: 0,
    description,
    jsonPath: `.status.conditions[?(@.type=="Ready")].${field}`,
    value: (object) => object.status?.conditions?.find((condition) => condition.type === "Ready")?.[field],
  };
}

/** Age, Ready and Reason, with which every table of Knative's ends. */
export const commonColumns: readonly PrinterColumn[] = [
  fieldColumn("Age", "metadata.creationTimestamp", "Time since the object was created.", { type: "date" }),
  readyColumn("Ready", "status", "Whether the object does its work."),
  readyColumn("Reason", "reason", "Why it does not."),
];
