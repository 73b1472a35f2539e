import type { AnnotationParser } from "./annotation.ts";
import type { ObjectReference } from "./destination.ts";

/** `delivery.order`: only `unordered` for now. */
export const deliveryOrderValue: AnnotationParser<"unordered"> = (text) => {
  if (text === "unordered") return { kind: "value", value: text };
  const hint = text === "ordered" ? "ordered delivery is not supported yet; leave the annotation out" : undefined;
  return { kind: "invalid", expected: "unordered", hint };
};

const expected = `a JSON object with apiVersion, kind and name, such as {"apiVersion":"sources.knative.dev/v1","kind":"PingSource","name":"tick"}`;

/** The JSON of an object reference, as `knative.dev/dependency` has it. */
export const dependencyValue: AnnotationParser<ObjectReference> = (text) => {
  let parsed: unknown;
  try {
    parsed = JSON.parse(text);
  } catch {
    return { kind: "invalid", expected };
  }
  if (typeof parsed !== "object" || parsed === null || Array.isArray(parsed)) return { kind: "invalid", expected };
  const { apiVersion, kind, name, namespace } = parsed as Record<string, unknown>;
  if (!isText(apiVersion) || !isText(kind) || !isText(name)) return { kind: "invalid", expected };
  if (namespace !== undefined && !isText(namespace)) return { kind: "invalid", expected };
  return { kind: "value", value: { apiVersion, kind, name, ...(namespace !== undefined && { namespace }) } };
};

function isText(value: unknown): value is string {
  return typeof value === "string" && value !== "";
}
