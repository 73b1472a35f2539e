import { z } from "zod";
import type { CloudEventOverrides } from "./ce-overrides.ts";
import { livingSet } from "./conditions.ts";
import type { Destination } from "./destination.ts";
import { unchanged } from "./immutable.ts";
import type { KindDefinition } from "./kind.ts";
import { dnsLabelExpected, isDnsLabel } from "./metadata.ts";
import { invalid, type Problem, problem, required } from "./problem.ts";
import type { ResourceObject, ResourceStatus } from "./resource-object.ts";
import { sourceColumns, sourceFields, sourceInNamespace, unsupportedInSource, validateSource } from "./source-spec.ts";

/** The specification of a SinkBinding: whose processes get `K_SINK` and `K_CE_OVERRIDES`. */
export interface SinkBindingSpec {
  /** Cannot be changed. */
  readonly subject: BindingSubject;
  readonly ceOverrides?: CloudEventOverrides | undefined;
  readonly sink: Destination;
}

/** Services of the binding's namespace: one by its name, or those with all of the labels. */
export interface BindingSubject {
  /** `serving.knative.dev/v1`. */
  readonly apiVersion: string;
  /** `Service`. */
  readonly kind: string;
  /** There after defaults: that of the binding. */
  readonly namespace: string;
  readonly name?: string | undefined;
  /** Excludes name. */
  readonly selector?: { readonly matchLabels: Readonly<Record<string, string>> } | undefined;
}

/** The state of a SinkBinding. */
export interface SinkBindingStatus extends ResourceStatus {
  readonly sinkUri?: string;
}

/** Gives Services the address of a sink. */
export type SinkBindingObject = ResourceObject<SinkBindingSpec, SinkBindingStatus>;

/** Whether a binding gives its sink to an object. */
export function isBound({ spec }: SinkBindingObject, object: ResourceObject): boolean {
  const { apiVersion, kind, namespace, name, selector } = spec.subject;
  const { metadata } = object;
  if (object.kind !== kind || object.apiVersion !== apiVersion || metadata.namespace !== namespace) return false;
  if (selector === undefined) return metadata.name === name;
  return Object.entries(selector.matchLabels).every(([label, value]) => metadata.labels?.[label] === value);
}

const specSchema = z
  .strictObject({
    subject: z
      .strictObject({
        apiVersion: z.string().describe("serving.knative.dev/v1."),
        kind: z.string().describe("Service."),
        namespace: z.string().optional().describe("That of the binding."),
        name: z.string().optional().describe("Name of the Service; excludes selector."),
        selector: z
          .strictObject({ matchLabels: z.record(z.string(), z.string()).describe("Labels that it has to have.") })
          .optional()
          .describe("Which Services; excludes name."),
      })
      .describe("Who gets the variables. Cannot be changed."),
    ...sourceFields,
  })
  .describe("Which Services get the address of which sink.");

/** SinkBinding (sources.knative.dev/v1). */
export const sinkBindingKind: KindDefinition<SinkBindingObject> = {
  group: "sources.knative.dev",
  version: "v1",
  kind: "SinkBinding",
  plural: "sinkbindings",
  singular: "sinkbinding",
  shortNames: [],
  categories: ["all", "knative", "sources", "bindings"],
  description: "Gives Services the address of a sink in their variable K_SINK.",
  spec: specSchema,
  specOptional: false,
  unsupported: {
    ...unsupportedInSource,
    "spec.subject.selector.matchExpressions": "use matchLabels, or name the Service",
  },
  defaults(binding) {
    const { namespace } = binding.metadata;
    const given: Partial<BindingSubject> = binding.spec.subject;
    const subject = { ...binding.spec.subject, namespace: given.namespace ?? namespace };
    return { ...binding, spec: sourceInNamespace({ ...binding.spec, subject }, namespace) };
  },
  validate({ metadata, spec }) {
    const common = validateSource(spec);
    const problems = subjectProblems(spec.subject, metadata.namespace);
    return { problems: [...problems, ...common.problems], warnings: common.warnings };
  },
  immutable: (old, next) => unchanged("spec.subject", old.spec.subject, next.spec.subject),
  columns: sourceColumns,
  conditions: livingSet("SinkProvided", "SubjectBound"),
};

function subjectProblems(subject: BindingSubject, own: string): Problem[] {
  const path = "spec.subject";
  const { name, namespace, selector } = subject;
  const problems = kindProblems(subject, path);
  if (namespace !== own) problems.push(invalid(`${path}.namespace`, `"${own}", as of the binding`, namespace));
  if (name !== undefined && selector !== undefined) {
    const message = "name and selector exclude each other";
    problems.push(problem("FieldValueForbidden", `${path}.selector`, { message, hint: "leave one out" }));
  }
  if (name === undefined && selector === undefined) problems.push(required(`${path}.name`, "a name, or a selector"));
  if (name !== undefined && !isDnsLabel(name)) problems.push(invalid(`${path}.name`, dnsLabelExpected, name));
  if (selector !== undefined && Object.keys(selector.matchLabels).length === 0) {
    problems.push(required(`${path}.selector.matchLabels`, "at least one label"));
  }
  return problems;
}

function kindProblems({ apiVersion, kind }: BindingSubject, path: string): Problem[] {
  const [wanted, version] = ["Service", "serving.knative.dev/v1"];
  if (kind !== wanted) {
    const hint =
      kind === "ContainerSource"
        ? "a ContainerSource has a sink of its own: spec.sink"
        : `run it as a Service (${version}), or set K_SINK yourself: the URL is in status.sinkUri`;
    return [problem("FieldValueNotSupported", `${path}.kind`, { expected: `"${wanted}"`, got: `"${kind}"`, hint })];
  }
  if (apiVersion === version) return [];
  const parts = { expected: `"${version}"`, got: `"${apiVersion}"`, hint: `write apiVersion: ${version}` };
  return [problem("FieldValueNotSupported", `${path}.apiVersion`, parts)];
}
