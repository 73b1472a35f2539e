import { z } from "zod";
import { fieldColumn, type PrinterColumn } from "./columns.ts";
import { livingSet } from "./conditions.ts";
import type { KindDefinition } from "./kind.ts";
import { problem } from "./problem.ts";
import type { ResourceObject, ResourceStatus } from "./resource-object.ts";
import type { ServiceSpec } from "./service.ts";

/** What a Revision keeps: the `spec` of the template that it was made of. */
export type RevisionSpec = ServiceSpec["template"]["spec"];

/** The form that a Service had at one time; the annotations that counted for it stand in its metadata. */
export type RevisionObject = ResourceObject<RevisionSpec, ResourceStatus>;

/** Knative's labels of a Revision. */
export const revisionLabels = {
  service: "serving.knative.dev/service",
  configuration: "serving.knative.dev/configuration",
  generation: "serving.knative.dev/configurationGeneration",
} as const;

function labelColumn(name: string, label: string, description: string): PrinterColumn {
  return {
    name,
    type: "string",
    priority: 0,
    description,
    jsonPath: `.metadata.labels['${label.replaceAll(".", "\\.")}']`,
    value: (object) => object.metadata.labels?.[label],
  };
}

/** Revision (serving.knative.dev/v1): made by the server from a Service's template, kept to go back to. */
export const revisionKind: KindDefinition<RevisionObject> = {
  group: "serving.knative.dev",
  version: "v1",
  kind: "Revision",
  plural: "revisions",
  singular: "revision",
  shortNames: ["rev"],
  categories: ["all", "knative", "serving"],
  description: "A form that a Service had: made from its template, called by traffic, and kept to go back to.",
  spec: z.record(z.string(), z.unknown()).describe("The specification of the template it was made of."),
  specOptional: true,
  unsupported: {},
  defaults: (revision) => revision,
  validate: () => ({
    problems: [
      problem("FieldValueForbidden", "kind", {
        message: "Revisions are made from a Service's template, and are never changed",
        expected: "a Service",
        got: "Revision",
        hint: "apply the Service; spec.traffic leads calls to its revisions",
      }),
    ],
    warnings: [],
  }),
  immutable: () => [],
  columns: [
    labelColumn("Config Name", revisionLabels.configuration, "The Service it is a form of."),
    labelColumn("Generation", revisionLabels.generation, "The generation of the Service that it was made from."),
    readyOf("Ready", "status"),
    readyOf("Reason", "reason"),
    fieldColumn("Age", "metadata.creationTimestamp", "Time since the object was created.", { type: "date" }),
  ],
  conditions: livingSet("ContainerHealthy", "ResourcesAvailable"),
};

function readyOf(name: string, field: "status" | "reason"): PrinterColumn {
  return {
    name,
    type: "string",
    priority: 0,
    description: field === "status" ? "Whether an instance of it could be started." : "Why none could be.",
    jsonPath: `.status.conditions[?(@.type=='Ready')].${field}`,
    value: (object) => object.status?.conditions?.find(({ type }) => type === "Ready")?.[field],
  };
}
