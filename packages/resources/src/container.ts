import { z } from "zod";
import { type ContainerResources, resourcesSchema, validateResources } from "./container-resources.ts";
import {
  type EnvironmentVariable,
  environmentSchema,
  unsupportedInEnvironment,
  validateEnvironment,
} from "./environment.ts";
import { readImage } from "./image-reference.ts";
import { type Findings, invalid, type Problem } from "./problem.ts";
import { type PullPolicy, pullPolicies } from "./pull-policy.ts";

/** What a Service's container and a ContainerSource's have in common. */
export interface Container {
  readonly name?: string | undefined;
  readonly image?: string | undefined;
  /** Absent: see `pullPolicyOf`. */
  readonly imagePullPolicy?: PullPolicy | undefined;
  readonly command?: readonly string[] | undefined;
  readonly args?: readonly string[] | undefined;
  readonly env?: readonly EnvironmentVariable[] | undefined;
  readonly resources?: ContainerResources | undefined;
}

const words = (description: string) =>
  z
    .array(z.string().refine((word) => !word.includes("\0"), { error: "a text without NUL characters" }))
    .optional()
    .describe(description);

/** The schemas of the fields of a {@link Container}. */
export const containerFields = {
  name: z.string().optional().describe("Name of the container."),
  image: z.string().min(1, { error: "the name of an image" }).optional().describe("The image to run."),
  imagePullPolicy: z
    .enum(pullPolicies)
    .optional()
    .describe("When the image is fetched; default: Always for the tag latest or none, else IfNotPresent."),
  command: words("Replaces the image's entry point."),
  args: words("Replaces the image's arguments."),
  env: environmentSchema
    .optional()
    .describe("Environment; of the server's own a local process gets PATH, HOME, LANG, TZ and TMPDIR, nothing else."),
  resources: resourcesSchema.optional().describe("Limits of CPU and memory of a container."),
} as const;

/** Where the one container stands in `unsupported` fields. */
export const containerPath = "spec.template.spec.containers[]";

const nothingElse = "an instance has what its image holds, and nothing else; leave it out";

/** Fields of a template and its container that Knative has and that are refused everywhere. */
export const unsupportedInContainers: Readonly<Record<string, string>> = {
  "spec.template.spec.serviceAccountName": "there are no service accounts here; leave it out",
  "spec.template.spec.enableServiceLinks": "there are no service links here; leave it out",
  "spec.template.spec.imagePullSecrets": "fetch the image yourself (docker pull) and set imagePullPolicy: IfNotPresent",
  "spec.template.spec.volumes": nothingElse,
  "spec.template.spec.initContainers": "do it in the entry point of the image",
  [`${containerPath}.volumeMounts`]: nothingElse,
  [`${containerPath}.workingDir`]:
    "that of the image counts, and for a local process the annotation rouse.dev/workdir; leave it out",
  [`${containerPath}.securityContext`]: "it runs as the user that its image names; leave it out",
  [`${containerPath}.livenessProbe`]: "what exits is started again; leave it out",
  [`${containerPath}.lifecycle`]: "act on SIGTERM; leave it out",
  ...unsupportedInEnvironment(containerPath),
};

/** The rules of a container that its schema cannot say; `reserved` variables are set by the server. */
export function validateContainer(container: Container | undefined, reserved: readonly string[]): Findings {
  const path = "spec.template.spec.containers[0]";
  const env = validateEnvironment(container?.env, `${path}.env`, reserved);
  const resources = validateResources(container?.resources, `${path}.resources`);
  const problems = [...imageProblems(container?.image, `${path}.image`), ...env, ...resources.problems];
  return { problems, warnings: resources.warnings };
}

function imageProblems(image: string | undefined, path: string): Problem[] {
  const read = image === undefined ? undefined : readImage(image);
  return read?.kind === "invalid" ? [invalid(path, read.expected, image, read.hint)] : [];
}
