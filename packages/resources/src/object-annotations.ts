import type { AnnotationDefinition } from "./annotation-definition.ts";
import { annotationDefinitions, rousePrefix } from "./annotations.ts";
import { notAdmitted } from "./errors.ts";
import { formatPath } from "./field-path.ts";
import { didYouMean } from "./nearest.ts";
import { type Findings, invalid, type Problem, problem } from "./problem.ts";
import type { ResourceObject } from "./resource-object.ts";
import { hasTemplate } from "./template.ts";

type Annotations = Readonly<Record<string, string>>;

const templatePath = "spec.template.metadata.annotations";

/**
 * The value of an annotation of an admitted object, or the annotation's default. On a Service or ContainerSource the template's annotation
 * wins over the object's.
 * @throws ResourceFault RESOURCE_NOT_ADMITTED when the text cannot be read.
 */
export function readAnnotation<T>(object: ResourceObject, definition: AnnotationDefinition<T>): T {
  const text = textOf(object, definition);
  if (text === undefined) return definition.default;
  const read = definition.parse(text);
  if (read.kind === "invalid")
    throw notAdmitted(formatPath(["metadata", "annotations", definition.name]), read.expected, text);
  return read.value;
}

/** As {@link readAnnotation}, for objects that are not admitted yet: undefined also when the text cannot be read. */
export function readIfValid<T>(object: ResourceObject, definition: AnnotationDefinition<T>): T | undefined {
  const text = textOf(object, definition);
  if (text === undefined) return definition.default;
  const read = definition.parse(text);
  return read.kind === "value" ? read.value : undefined;
}

/** What is wrong with the annotations of an object and of its template. */
export function validateAnnotations(object: ResourceObject): Findings {
  const findings = { problems: [] as Problem[], warnings: [] as string[] };
  check(object, object.metadata.annotations, "metadata.annotations", findings);
  check(object, templateAnnotations(object), templatePath, findings);
  return findings;
}

function check(
  object: ResourceObject,
  annotations: Annotations | undefined,
  path: string,
  findings: { problems: Problem[]; warnings: string[] },
): void {
  for (const [name, text] of Object.entries(annotations ?? {})) {
    const at = formatPath([name], path);
    const definition = annotationDefinitions.find((each) => each.name === name || each.formerName === name);
    const fit = definition === undefined ? unknownName(object, name, at) : misplaced(object, definition, path, at);
    if (typeof fit === "string") findings.warnings.push(fit);
    else if (fit !== undefined) findings.problems.push(fit);
    else if (definition !== undefined) {
      const read = definition.parse(text);
      const remark = definition.remark?.(text);
      if (read.kind === "invalid") findings.problems.push(invalid(at, read.expected, text, read.hint));
      else if (remark !== undefined) findings.warnings.push(`${at}: ${remark}`);
    }
  }
}

/** A name of ours that does not exist is refused; one of Knative's autoscalers is told; others are free. */
function unknownName(object: ResourceObject, name: string, at: string): Problem | string | undefined {
  const known = annotationDefinitions.filter((each) => each.kinds.includes(object.kind)).map((each) => each.name);
  if (name.startsWith(rousePrefix)) {
    const short = known.filter((each) => each.startsWith(rousePrefix)).map((each) => each.slice(rousePrefix.length));
    const hint = didYouMean(name.slice(rousePrefix.length), short)?.replace('"', `"${rousePrefix}`);
    const expected = `one of ${short.join(", ")} after ${rousePrefix}`;
    return problem("FieldValueNotSupported", at, {
      message: `unknown annotation "${name}"`,
      expected,
      got: `"${name}"`,
      hint,
    });
  }
  if (!/^(keda\.)?autoscaling\.knative\.dev\//.test(name)) return undefined;
  const hint = didYouMean(name, known);
  return `${at}: is not understood here and has no effect${hint === undefined ? "" : `; ${hint}`}`;
}

function misplaced(
  object: ResourceObject,
  definition: AnnotationDefinition,
  path: string,
  at: string,
): Problem | string | undefined {
  if (!definition.kinds.includes(object.kind)) {
    const of = definition.kinds.join(" or ");
    if (!definition.name.startsWith(rousePrefix)) return `${at}: is for a ${of} and has no effect on a ${object.kind}`;
    const parts = {
      message: `"${definition.name}" is for a ${of}, not for a ${object.kind}`,
      expected: of,
      got: object.kind,
    };
    return problem("FieldValueForbidden", at, parts);
  }
  if (definition.place === "template" && path !== templatePath) {
    const parts = {
      message: `"${definition.name}" has no effect here`,
      expected: `it in ${templatePath}`,
      hint: `move it to ${templatePath}`,
    };
    return problem("FieldValueForbidden", at, parts);
  }
  if (definition.place === "metadata" && path === templatePath) {
    const expected = "it in metadata.annotations";
    const parts = {
      message: `"${definition.name}" has no effect here`,
      expected,
      hint: "move it to metadata.annotations",
    };
    return problem("FieldValueForbidden", at, parts);
  }
  return undefined;
}

function templateAnnotations(object: ResourceObject): Annotations | undefined {
  if (!hasTemplate(object.kind)) return undefined;
  const spec = object.spec as { readonly template?: { readonly metadata?: { readonly annotations?: Annotations } } };
  return spec.template?.metadata?.annotations;
}

function textOf(object: ResourceObject, definition: AnnotationDefinition): string | undefined {
  const own = definition.place === "template" ? undefined : object.metadata.annotations;
  const template = definition.place === "metadata" ? undefined : templateAnnotations(object);
  return valueIn(template, definition) ?? valueIn(own, definition);
}

function valueIn(annotations: Annotations | undefined, definition: AnnotationDefinition): string | undefined {
  const names = [definition.name, definition.formerName];
  const found = names.find((each) => each !== undefined && Object.hasOwn(annotations ?? {}, each));
  return found === undefined ? undefined : annotations?.[found];
}
