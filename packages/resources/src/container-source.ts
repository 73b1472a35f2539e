import { z } from "zod";
import { rouseAnnotations } from "./annotations.ts";
import type { CloudEventOverrides } from "./ce-overrides.ts";
import { livingSet } from "./conditions.ts";
import type { DeliverySpec } from "./delivery-spec.ts";
import type { Destination } from "./destination.ts";
import {
  type EnvironmentVariable,
  environmentSchema,
  unsupportedInEnvironment,
  validateEnvironment,
} from "./environment.ts";
import type { KindDefinition } from "./kind.ts";
import type { ResourceObject, ResourceStatus } from "./resource-object.ts";
import { hasCommand, nothingToRun } from "./service.ts";
import {
  deliveringSourceFields,
  sourceColumns,
  sourceInNamespace,
  unsupportedInSource,
  validateSource,
} from "./source-spec.ts";
import { type TemplateMetadata, templateMetadataSchema } from "./template.ts";

/** The container of a ContainerSource. */
export interface SourceContainer {
  readonly name?: string | undefined;
  readonly image?: string | undefined;
  readonly command?: readonly string[] | undefined;
  readonly args?: readonly string[] | undefined;
  readonly env?: readonly EnvironmentVariable[] | undefined;
}

/** The specification of a ContainerSource: what is kept running, and where its events go. */
export interface ContainerSourceSpec {
  /** There after defaults. */
  readonly template: {
    readonly metadata?: TemplateMetadata | undefined;
    readonly spec: {
      /** At most one; absent or empty when a command annotation says what to run. */
      readonly containers?: readonly SourceContainer[] | undefined;
    };
  };
  /** Retries and dead letters; only for a sink that is no broker. */
  readonly delivery?: DeliverySpec | undefined;
  readonly ceOverrides?: CloudEventOverrides | undefined;
  readonly sink: Destination;
}

/** The state of a ContainerSource. */
export interface ContainerSourceStatus extends ResourceStatus {
  readonly sinkUri?: string;
}

/** A process or container that sends events itself, to the URL in its variable `K_SINK`. */
export type ContainerSourceObject = ResourceObject<ContainerSourceSpec, ContainerSourceStatus>;

/** Variables by which a process learns where its events go. */
const reserved = ["K_SINK", "K_CE_OVERRIDES"];

const containerSchema = z.strictObject({
  name: z.string().optional().describe("Name of the container."),
  image: z.string().min(1, { error: "the name of an image" }).optional().describe("The image to run."),
  command: z.array(z.string()).optional().describe("Replaces the image's entry point."),
  args: z.array(z.string()).optional().describe("Arguments."),
  env: environmentSchema
    .optional()
    .describe("Environment; a local process gets nothing else but PATH, HOME, LANG, TZ, TMPDIR and K_SINK."),
});

const specSchema = z
  .strictObject({
    template: z
      .strictObject({
        metadata: templateMetadataSchema.optional(),
        spec: z
          .strictObject({
            containers: z
              .array(containerSchema)
              .max(1, { error: "at most one container" })
              .optional()
              .describe("The one container."),
          })
          .optional(),
      })
      .optional()
      .describe("What is kept running."),
    ...deliveringSourceFields,
  })
  .describe("What is kept running, and where its events go.");

const container = "spec.template.spec.containers[]";
const later = "not needed for a local process; containers come later";

/** ContainerSource (sources.knative.dev/v1). */
export const containerSourceKind: KindDefinition<ContainerSourceObject> = {
  group: "sources.knative.dev",
  version: "v1",
  kind: "ContainerSource",
  plural: "containersources",
  singular: "containersource",
  shortNames: [],
  categories: ["all", "knative", "sources"],
  description: "Keeps a process or container running that sends events itself, to the URL in K_SINK.",
  spec: specSchema,
  specOptional: false,
  unsupported: {
    ...unsupportedInSource,
    ...unsupportedInEnvironment(container),
    "spec.template.spec.serviceAccountName": later,
    "spec.template.spec.imagePullSecrets": later,
    "spec.template.spec.volumes": later,
    "spec.template.spec.initContainers": later,
    "spec.template.spec.restartPolicy": "what exits is started again; leave it out",
    [`${container}.workingDir`]: `use the annotation ${rouseAnnotations.workdir.name}`,
    [`${container}.volumeMounts`]: later,
    [`${container}.imagePullPolicy`]: later,
    [`${container}.securityContext`]: later,
    [`${container}.resources`]: later,
    [`${container}.ports`]: "a source sends events; leave it out",
    [`${container}.readinessProbe`]: "a source sends events; leave it out",
    [`${container}.livenessProbe`]: "what exits is started again; leave it out",
  },
  defaults(source) {
    // The schema lets the template, and its spec, be left out where an annotation says what to run.
    const template: Partial<ContainerSourceSpec["template"]> | undefined = source.spec.template;
    const spec = { ...source.spec, template: { ...template, spec: template?.spec ?? {} } };
    return { ...source, spec: sourceInNamespace(spec, source.metadata.namespace) };
  },
  validate(source) {
    const { spec } = source;
    const only = spec.template.spec.containers?.[0];
    const common = validateSource(spec);
    const env = validateEnvironment(only?.env, "spec.template.spec.containers[0].env", reserved);
    const problems = [...env, ...common.problems];
    if (only?.image === undefined && !hasCommand(source)) problems.push(nothingToRun());
    return { problems, warnings: common.warnings };
  },
  immutable: () => [],
  columns: sourceColumns,
  conditions: livingSet("SinkBindingReady", "ReceiveAdapterReady"),
};
