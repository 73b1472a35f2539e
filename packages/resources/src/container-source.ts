import { z } from "zod";
import { rouseAnnotations } from "./annotations.ts";
import type { CloudEventOverrides } from "./ce-overrides.ts";
import { livingSet } from "./conditions.ts";
import {
  type Container,
  containerFields,
  containerPath,
  unsupportedInContainers,
  validateContainer,
} from "./container.ts";
import type { DeliverySpec } from "./delivery-spec.ts";
import type { Destination } from "./destination.ts";
import type { KindDefinition } from "./kind.ts";
import { readIfValid } from "./object-annotations.ts";
import type { ResourceObject, ResourceStatus } from "./resource-object.ts";
import { hasCommand, nothingToRun } from "./runnable.ts";
import {
  deliveringSourceFields,
  sourceColumns,
  sourceInNamespace,
  unsupportedInSource,
  validateSource,
} from "./source-spec.ts";
import { type TemplateMetadata, templateMetadataSchema } from "./template.ts";

/** The specification of a ContainerSource: what is kept running, and where its events go. */
export interface ContainerSourceSpec {
  /** There after defaults. */
  readonly template: {
    readonly metadata?: TemplateMetadata | undefined;
    readonly spec: {
      /** At most one; absent or empty when a command annotation says what to run. */
      readonly containers?: readonly Container[] | undefined;
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

const specSchema = z
  .strictObject({
    template: z
      .strictObject({
        metadata: templateMetadataSchema.optional(),
        spec: z
          .strictObject({
            containers: z
              .array(z.strictObject(containerFields))
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
    ...unsupportedInContainers,
    "spec.template.spec.restartPolicy": "what exits is started again; leave it out",
    [`${containerPath}.ports`]: "a source sends events; leave it out",
    [`${containerPath}.readinessProbe`]: "a source sends events; leave it out",
    [`${containerPath}.startupProbe`]: "a source sends events; leave it out",
  },
  defaults(source) {
    // The schema lets the template, and its spec, be left out where an annotation says what to run.
    const template: Partial<ContainerSourceSpec["template"]> | undefined = source.spec.template;
    const spec = { ...source.spec, template: { ...template, spec: template?.spec ?? {} } };
    return { ...source, spec: sourceInNamespace(spec, source.metadata.namespace) };
  },
  validate(source) {
    const common = validateSource(source.spec);
    const container = validateContainer(source.spec.template.spec.containers?.[0], reserved);
    const warnings = hasCommand(source) ? [] : [...container.warnings, ...networkWarnings(source)];
    return {
      problems: [...container.problems, ...common.problems, ...nothingToRun(source)],
      warnings: [...common.warnings, ...warnings],
    };
  },
  immutable: () => [],
  columns: sourceColumns,
  conditions: livingSet("SinkBindingReady", "ReceiveAdapterReady"),
};

function networkWarnings(source: ContainerSourceObject): string[] {
  const { containerNetwork } = rouseAnnotations;
  if (readIfValid(source, containerNetwork) !== "bridge") return [];
  const message = "from a bridge K_SINK is at host.docker.internal, where the server has to listen for it";
  return [`${containerNetwork.name}: ${message}`];
}
