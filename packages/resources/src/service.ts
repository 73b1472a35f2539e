import { z } from "zod";
import { knativeAnnotations, rouseAnnotations } from "./annotations.ts";
import { commonColumns, fieldColumn } from "./columns.ts";
import { livingSet } from "./conditions.ts";
import {
  type Container,
  containerFields,
  containerPath,
  unsupportedInContainers,
  validateContainer,
} from "./container.ts";
import { formatDuration } from "./duration.ts";
import { type InstancesStatus, instancesColumns } from "./instances-columns.ts";
import type { KindDefinition } from "./kind.ts";
import { isDnsLabel } from "./metadata.ts";
import { readIfValid } from "./object-annotations.ts";
import { invalid, type Problem } from "./problem.ts";
import {
  type ReadinessProbe,
  readinessProbeSchema,
  unsupportedInProbe,
  validateReadinessProbe,
} from "./readiness-probe.ts";
import type { ResourceObject, ResourceStatus } from "./resource-object.ts";
import { hasCommand, nothingToRun } from "./runnable.ts";
import { type TemplateMetadata, templateMetadataSchema } from "./template.ts";
import { type TrafficStatus, type TrafficTarget, trafficProblems, trafficSchema } from "./traffic.ts";
import { clusterLocal, visibilityLabel } from "./visibility.ts";

/** The container of a Service. */
export interface ServiceContainer extends Container {
  readonly ports?:
    | readonly {
        readonly containerPort: number;
        readonly name?: string | undefined;
        readonly protocol?: "TCP" | undefined;
      }[]
    | undefined;
  readonly readinessProbe?: ReadinessProbe | undefined;
}

/** The specification of a Service: what is run. */
export interface ServiceSpec {
  readonly template: {
    readonly metadata?: TemplateMetadata | undefined;
    readonly spec: {
      /** At most one; absent or empty when a command annotation says what to run. */
      readonly containers?: readonly ServiceContainer[] | undefined;
      /** Requests at once per instance; 0 is no limit. There after defaults. */
      readonly containerConcurrency?: number | undefined;
      /** The longest a request may take; there after defaults. */
      readonly timeoutSeconds?: number | undefined;
    };
  };
  /** Which revisions are called; undefined or empty: the latest one that was ready. */
  readonly traffic?: readonly TrafficTarget[] | undefined;
}

/** A specification before defaults. */
interface SpecGiven extends Pick<ServiceSpec, "traffic"> {
  readonly template?: Partial<ServiceSpec["template"]> | undefined;
}

/** The state of a Service. */
export interface ServiceStatus extends ResourceStatus {
  readonly url?: string;
  readonly address?: { readonly url: string };
  /** The newest form that there is, named as K_REVISION is. */
  readonly latestCreatedRevisionName?: string;
  /** The newest form of which an instance was ready. */
  readonly latestReadyRevisionName?: string;
  /** Where calls go. */
  readonly traffic?: readonly TrafficStatus[];
  /** Added when the status is read. */
  readonly instances?: InstancesStatus;
}

/** Something that is woken when there is something to deliver: a local process, or a container. */
export type ServiceObject = ResourceObject<ServiceSpec, ServiceStatus>;

const containerSchema = z.strictObject({
  ...containerFields,
  ports: z
    .array(
      z.strictObject({
        containerPort: z.int().min(1).max(65535),
        name: z.string().optional(),
        protocol: z.enum(["TCP"]).optional(),
      }),
    )
    .max(1, { error: "at most one port" })
    .optional()
    .describe("The port it listens on; default: the one given in PORT."),
  readinessProbe: readinessProbeSchema.optional().describe("How it is found out that it is ready."),
});

const specSchema: z.ZodType<Partial<SpecGiven>> = z
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
            containerConcurrency: z
              .int()
              .min(0)
              .max(1000)
              .optional()
              .describe("Requests at once per instance; 0 (default) is no limit."),
            timeoutSeconds: z
              .int()
              .min(1)
              .max(600)
              .optional()
              .describe("The longest a request may take; default 300, at most 600."),
          })
          .optional(),
      })
      .optional()
      .describe("What every instance is made from."),
    traffic: trafficSchema,
  })
  .describe("What is run, and how it scales.");

const firstContainer = "spec.template.spec.containers[0]";
const reserved = ["PORT", "K_SERVICE", "K_REVISION", "K_CONFIGURATION"];
/** Service (serving.knative.dev/v1), the part of it that is used here. */
export const serviceKind: KindDefinition<ServiceObject> = {
  group: "serving.knative.dev",
  version: "v1",
  kind: "Service",
  plural: "services",
  singular: "service",
  shortNames: ["ksvc", "kservice"],
  categories: ["all", "knative", "serving"],
  description: "A process or container that is started when there is something to deliver, and stopped when idle.",
  spec: specSchema,
  specOptional: true,
  unsupported: {
    "spec.template.spec.responseStartTimeoutSeconds": "use timeoutSeconds",
    "spec.template.spec.idleTimeoutSeconds": "use timeoutSeconds",
    ...unsupportedInContainers,
    ...unsupportedInProbe(containerPath),
    [`${containerPath}.livenessProbe`]: "an instance that exits is replaced; leave it out",
    [`${containerPath}.startupProbe`]: `use the annotation ${rouseAnnotations.startTimeout.name}`,
  },
  defaults(service) {
    // The schema lets `spec` and `template.spec` be left out where an annotation says what to run.
    const spec: SpecGiven = service.spec;
    const inner = { containerConcurrency: 0, timeoutSeconds: 300, ...spec.template?.spec };
    return { ...service, spec: { ...spec, template: { ...spec.template, spec: inner } } };
  },
  validate(service) {
    const only = service.spec.template.spec.containers?.[0];
    const probe = validateReadinessProbe(only?.readinessProbe, only?.ports, `${firstContainer}.readinessProbe`);
    const container = validateContainer(only, reserved);
    const problems = [...container.problems, ...probe.problems, ...scaleProblems(service), ...nothingToRun(service)];
    problems.push(...revisionNameProblems(service), ...trafficProblems(service.spec.traffic));
    // What a local process does not have is not told of each time: the same document may be for a cluster, too.
    const ofContainer = hasCommand(service) ? [] : container.warnings;
    return { problems, warnings: [...ofContainer, ...probe.warnings, ...lifeWarnings(service)] };
  },
  immutable: () => [],
  columns: [fieldColumn("URL", "status.url", "Where it is reached."), ...commonColumns, ...instancesColumns],
  conditions: livingSet("ConfigurationsReady", "RoutesReady"),
};

/** As in Knative: a revision's name is one of all Services of the namespace, and shows whose it is. */
function revisionNameProblems({ metadata, spec }: ServiceObject): Problem[] {
  const name = spec.template.metadata?.name;
  if (name === undefined || (isDnsLabel(name) && name.startsWith(`${metadata.name}-`))) return [];
  const expected = `a DNS label of at most 63 characters that begins with "${metadata.name}-"`;
  return [invalid("spec.template.metadata.name", expected, name, "leave it out for a numbered name")];
}

function scaleProblems(service: ServiceObject): Problem[] {
  const { minScale, maxScale } = knativeAnnotations;
  const [least, most] = [readIfValid(service, minScale), readIfValid(service, maxScale)];
  if (least === undefined || most === undefined || most === 0 || least <= most) return [];
  return [invalid(`spec.template.metadata.annotations[${minScale.name}]`, `at most max-scale, ${most}`, least)];
}

/** Settings that are in order each by itself, and of which one undoes the other. */
function lifeWarnings(service: ServiceObject): string[] {
  const warnings: string[] = [];
  const { freezeAfter, idleTimeout, visibility } = rouseAnnotations;
  const [freezeMs, idleMs] = [readIfValid(service, freezeAfter), readIfValid(service, idleTimeout)];
  const stopMs = (idleMs ?? 0) + (readIfValid(service, knativeAnnotations.retention) ?? 0);
  if (freezeMs !== undefined && freezeMs >= stopMs) {
    warnings.push(
      `${freezeAfter.name}: no effect: an instance is stopped before, after ${formatDuration(stopMs)} (${idleTimeout.name})`,
    );
  }
  const label = service.metadata.labels?.[visibilityLabel];
  if (label === clusterLocal && readIfValid(service, visibility) === "public")
    warnings.push(`${visibility.name}: no effect: the label ${visibilityLabel} says ${clusterLocal}`);
  if (label !== undefined && label !== clusterLocal)
    warnings.push(`metadata.labels[${visibilityLabel}]: expected ${clusterLocal}, and has no effect with "${label}"`);
  return warnings;
}
