import type { Checks } from "./checks.ts";
import { formatPath } from "./field-path.ts";
import type { KindDefinition } from "./kind.ts";
import { isDnsLabel } from "./metadata.ts";
import { validateAnnotations } from "./object-annotations.ts";
import { objectSchema } from "./object-schema.ts";
import { plainDataProblem } from "./plain-data.ts";
import { type Problem, problem, required, show } from "./problem.ts";
import { apiVersionOf, lookUpKind } from "./registry.ts";
import type { ResourceObject } from "./resource-object.ts";
import { schemaProblems, unknownFieldPaths } from "./schema-problems.ts";

/** How a document is admitted. */
export interface AdmitOptions {
  /** Namespace of a document that names none; default `default`. */
  readonly namespace?: string;
  /** What the document replaces: fields that cannot change are compared with it. */
  readonly old?: ResourceObject | undefined;
  /** Fields that the schema does not have: refused (default), removed with a warning, or removed. */
  readonly unknownFields?: "refuse" | "warn" | "ignore";
}

/** A document as an object with defaults and without status, or everything that is wrong with it. */
export type Admission =
  | {
      readonly kind: "admitted";
      readonly object: ResourceObject;
      readonly definition: KindDefinition;
      readonly warnings: readonly string[];
    }
  | { readonly kind: "refused"; readonly problems: readonly Problem[]; readonly warnings: readonly string[] };

type Fields = Readonly<Record<string, unknown>>;

/**
 * Takes a document as a user wrote it, in any version that is served: finds its kind, holds it against the schema, fills in defaults, and applies the
 * kind's own rules and the domain's checks. Pure; the document is not changed. Meaning is checked only when the shape is
 * right, so that one mistake is told once. Server-set metadata are kept as they come: whoever stores the object
 * overwrites them.
 */
export function admit(document: unknown, checks: Checks, options: AdmitOptions = {}): Admission {
  const found = definitionOf(document);
  if (found.kind === "refused") return refused([found.problem]);
  const { definition } = found;
  const fields = withoutEmptyMetadata(document as Fields);
  const shape = matchSchema(definition, fields, options.unknownFields ?? "refuse");
  if (shape.kind === "refused") return shape;
  const object = withDefaults(definition, shape.object, options.namespace ?? "default");
  const findings = [definition.validate(object, checks), validateAnnotations(object)];
  const warnings = [...shape.warnings, ...findings.flatMap((each) => each.warnings)];
  const problems = [...nameProblems(object), ...findings.flatMap((each) => each.problems)];
  if (options.old !== undefined) problems.push(...definition.immutable(options.old, object));
  if (problems.length > 0) return refused(problems, warnings);
  return { kind: "admitted", object, definition, warnings };
}

function definitionOf(document: unknown): ReturnType<typeof lookUpKind> {
  const refuse = (found: Problem) => ({ kind: "refused", problem: found }) as const;
  if (typeof document !== "object" || document === null || Array.isArray(document)) {
    const expected = "a mapping with apiVersion, kind, metadata and spec";
    return refuse(problem("FieldValueTypeInvalid", "", { expected, got: show(document) }));
  }
  const odd = plainDataProblem(document);
  if (odd !== undefined) return refuse(odd);
  const { apiVersion, kind } = document as Fields;
  if (typeof apiVersion !== "string" || apiVersion === "") {
    return refuse(required("apiVersion", "group and version of the kind, such as eventing.knative.dev/v1"));
  }
  if (typeof kind !== "string" || kind === "")
    return refuse(required("kind", "the kind of the object, such as Trigger"));
  return lookUpKind(apiVersion, kind);
}

function matchSchema(definition: KindDefinition, fields: Fields, mode: "refuse" | "warn" | "ignore"): Admission {
  const schema = objectSchema(definition);
  const first = schema.safeParse(fields);
  const unknown = first.success ? [] : unknownFieldPaths(first.error.issues);
  const prune = mode !== "refuse" && unknown.length > 0;
  const second = prune ? schema.safeParse(without(fields, unknown)) : first;
  const warnings = prune && mode === "warn" ? unknown.map((path) => `unknown field "${formatPath(path)}"`) : [];
  if (!second.success) return refused(schemaProblems(definition, fields, second.error.issues), warnings);
  return { kind: "admitted", object: second.data as ResourceObject, definition, warnings };
}

function withDefaults(definition: KindDefinition, object: ResourceObject, namespace: string): ResourceObject {
  const { status: _, spec = {}, ...rest } = object;
  const metadata = { ...rest.metadata, namespace: rest.metadata.namespace ?? namespace };
  const content = definition.spec === undefined ? {} : { spec };
  return definition.defaults({ ...rest, apiVersion: apiVersionOf(definition), metadata, ...content } as ResourceObject);
}

function nameProblems({ metadata }: ResourceObject): Problem[] {
  const problems: Problem[] = [];
  if (metadata.name === undefined && metadata.generateName === undefined) {
    problems.push(required("metadata.name", "a name"));
  }
  if (!isDnsLabel(metadata.namespace)) {
    problems.push(
      problem("FieldValueInvalid", "metadata.namespace", { expected: "a DNS label", got: show(metadata.namespace) }),
    );
  }
  return problems;
}

/** Go programs write `creationTimestamp: null` and the like; only in metadata may null stand for nothing. */
function withoutEmptyMetadata(document: Fields): Fields {
  const spec = document.spec as Fields | undefined;
  const template = isFields(spec) ? spec.template : undefined;
  const metadata = isFields(document.metadata) ? { metadata: withoutNulls(document.metadata) } : {};
  if (!isFields(template) || !isFields(template.metadata)) return { ...document, ...metadata };
  const cleaned = { ...template, metadata: withoutNulls(template.metadata) };
  return { ...document, ...metadata, spec: { ...spec, template: cleaned } };
}

function withoutNulls(fields: Fields): Fields {
  return Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== null));
}

function isFields(value: unknown): value is Fields {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function without(fields: Fields, paths: readonly (readonly PropertyKey[])[]): Fields {
  const copy = structuredClone(fields) as Record<PropertyKey, unknown>;
  for (const path of paths) {
    let at: Record<PropertyKey, unknown> | undefined = copy;
    for (const segment of path.slice(0, -1)) at = at?.[segment] as Record<PropertyKey, unknown> | undefined;
    if (at !== undefined) delete at[path.at(-1)!];
  }
  return copy;
}

function refused(problems: readonly Problem[], warnings: readonly string[] = []) {
  return { kind: "refused", problems, warnings } as const;
}
