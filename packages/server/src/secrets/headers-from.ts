import { type ResourceObject, readAnnotation, rouseAnnotations } from "@rouse/resources";
import { deliveryHeaders } from "@rouse/triggers";
import type { Resolved } from "../reconcile/destination-resolver.ts";
import { secretProblem } from "./secret-problem.ts";
import type { SecretReader } from "./secret-reader.ts";

/** The headers of an object's deliveries, undefined without any, or why they cannot be sent. */
export type HeadersFrom =
  | { readonly kind: "headers"; readonly headers: Readonly<Record<string, string>> | undefined }
  | { readonly kind: "refused"; readonly reason: string; readonly message: string };

/** Reads the Secret that `rouse.dev/headers-from` of an object names. */
export async function headersFrom(object: ResourceObject, secrets: Pick<SecretReader, "all">): Promise<HeadersFrom> {
  const name = readAnnotation(object, rouseAnnotations.headersFrom);
  if (name === undefined) return { kind: "headers", headers: undefined };
  const { namespace } = object.metadata;
  try {
    const values = await secrets.all(namespace, name);
    const made = deliveryHeaders([...values].map(([key, value]) => [key, value.toString("utf8")]));
    if (made.kind === "headers") return made;
    return { kind: "refused", reason: "HeadersInvalid", message: `secret ${namespace}/${name}: ${made.message}` };
  } catch (failure) {
    return { kind: "refused", ...secretProblem(failure) };
  }
}

/** A subscriber that would get its events without what it asks for gets none until that is there. */
export function withHeaders(subscriber: Resolved, headers: HeadersFrom): Resolved {
  if (headers.kind === "headers" || subscriber.target.kind === "unresolved") return subscriber;
  return { ...subscriber, target: { kind: "unresolved", reason: headers.message } };
}
