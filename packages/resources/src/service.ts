import { z } from "zod";
import { knativeAnnotations, rouseAnnotations } from "./annotations.ts";
import { commonColumns, fieldColumn } from "./columns.ts";
import { livingSet } from "./conditions.ts";
import {
  type EnvironmentVariable,
  environmentSchema,
  unsupportedInEnvironment,
  validateEnvironment,
} from "./environment.ts";
import type { KindDefinition } from "./kind.ts";
import { readAnnotation } from "./object-annotations.ts";
import { invalid, type Problem, required } from "./problem.ts";
import type { ResourceObject, ResourceStatus } from "./resource-object.ts";
import { type TemplateMetadata, templateMetadataSchema } from "./template.ts";

/** The container of a Service. */
export interface ServiceContainer {
  readonly name?: string | undefined;
  readonly image?: string | undefined;
  readonly command?: readonly string[] | undefined;
  readonly args?: readonly string[] | undefined;
  readonly env?: readonly EnvironmentVariable[] | undefined;
  readonly ports?:
    | readonly {
        readonly containerPort: number;
        readonly name?: string | undefined;
        readonly protocol?: "TCP" | undefined;
      }[]
    | undefined;
  readonly resources?:
    | { readonly limits?: Quantities | undefined; readonly requests?: Quantities | undefined }
    | undefined;
}

type Quantities = Readonly<Record<string, string | number>>;

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
}

/** The state of a Service. */
export interface ServiceStatus extends ResourceStatus {
  readonly url?: string;
  readonly address?: { readonly url: string };
}

/** Something that is woken when there is something to deliver: a local process, or a container. */
export type ServiceObject = ResourceObject<ServiceSpec, ServiceStatus>;

const quantities = z.record(z.string(), z.union([z.string(), z.number()])).optional();

const containerSchema = z.strictObject({
  name: z.string().optional().describe("Name of the container."),
  image: z.string().min(1, { error: "the name of an image" }).optional().describe("The image to run."),
  command: z.array(z.string()).optional().describe("Replaces the image's entry point."),
  args: z.array(z.string()).optional().describe("Arguments."),
  env: environmentSchema
    .optional()
    .describe("Environment; a local process gets nothing else but PATH, HOME, LANG, TZ, TMPDIR and PORT."),
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
  resources: z
    .strictObject({ limits: quantities, requests: quantities })
    .optional()
    .describe("Limits of CPU and memory."),
});

const specSchema: z.ZodType<{ readonly template?: Partial<ServiceSpec["template"]> | undefined }> = z
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
  })
  .describe("What is run, and how it scales.");

const reserved = ["PORT", "K_SERVICE", "K_REVISION", "K_CONFIGURATION"];
const later = "not needed for a local process; containers come later";
const container = "spec.template.spec.containers[]";

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
    "spec.traffic": "all traffic goes to the newest template; leave it out",
    "spec.template.spec.serviceAccountName": later,
    "spec.template.spec.imagePullSecrets": later,
    "spec.template.spec.volumes": later,
    "spec.template.spec.initContainers": later,
    "spec.template.spec.responseStartTimeoutSeconds": "use timeoutSeconds",
    "spec.template.spec.idleTimeoutSeconds": "use timeoutSeconds",
    [`${container}.workingDir`]: `use the annotation ${rouseAnnotations.workdir.name}`,
    ...unsupportedInEnvironment(container),
    [`${container}.readinessProbe`]: "an instance is ready when it accepts connections; leave it out",
    [`${container}.livenessProbe`]: "an instance that exits is replaced; leave it out",
    [`${container}.startupProbe`]: `use the annotation ${rouseAnnotations.startTimeout.name}`,
    [`${container}.volumeMounts`]: later,
    [`${container}.imagePullPolicy`]: later,
    [`${container}.securityContext`]: later,
  },
  defaults(service) {
    // The schema lets `spec` and `template.spec` be left out where an annotation says what to run.
    const spec: { readonly template?: Partial<ServiceSpec["template"]> | undefined } = service.spec;
    const inner = { containerConcurrency: 0, timeoutSeconds: 300, ...spec.template?.spec };
    return { ...service, spec: { ...spec, template: { ...spec.template, spec: inner } } };
  },
  validate(service) {
    const only = service.spec.template.spec.containers?.[0];
    const env = validateEnvironment(only?.env, "spec.template.spec.containers[0].env", reserved);
    const problems = [...env, ...scaleProblems(service)];
    if (only?.image === undefined && !hasCommand(service)) problems.push(nothingToRun());
    return { problems, warnings: [] };
  },
  immutable: () => [],
  columns: [fieldColumn("URL", "status.url", "Where it is reached."), ...commonColumns],
  conditions: livingSet("ConfigurationsReady", "RoutesReady"),
};

/** An object with a template of what is run: a Service or a ContainerSource. */
export type RunnableObject = ResourceObject<{
  readonly template: {
    readonly metadata?: TemplateMetadata | undefined;
    readonly spec: { readonly containers?: readonly { readonly image?: string | undefined }[] | undefined };
  };
}>;

/** True when a local process is to be run. */
export function hasCommand(service: RunnableObject): boolean {
  const { name } = rouseAnnotations.command;
  return [service.metadata.annotations, service.spec.template.metadata?.annotations].some(
    (annotations) => annotations?.[name] !== undefined,
  );
}

/** True when it can only be run as a container: it has an image and no command annotation. */
export function needsContainer(service: RunnableObject): boolean {
  return !hasCommand(service) && service.spec.template.spec.containers?.[0]?.image !== undefined;
}

/** The problem of a template that says neither image nor command. */
export function nothingToRun(): Problem {
  const hint = `metadata.annotations: {${rouseAnnotations.command.name}: node server.js} runs a local process`;
  return required(
    "spec.template.spec.containers[0].image",
    `an image, or the annotation ${rouseAnnotations.command.name}`,
    hint,
  );
}

function scaleProblems(service: ServiceObject): Problem[] {
  const { minScale, maxScale } = knativeAnnotations;
  const at = (name: string) => service.spec.template.metadata?.annotations?.[name];
  const readable = [minScale, maxScale].every(({ name, parse }) => parse(at(name) ?? "0").kind === "value");
  if (!readable) return [];
  const [least, most] = [readAnnotation(service, minScale), readAnnotation(service, maxScale)];
  if (most === 0 || least <= most) return [];
  return [invalid(`spec.template.metadata.annotations[${minScale.name}]`, `at most max-scale, ${most}`, least)];
}
