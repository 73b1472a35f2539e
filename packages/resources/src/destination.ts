import { z } from "zod";
import { dnsLabelExpected, isDnsLabel } from "./metadata.ts";
import { didYouMean } from "./nearest.ts";
import { invalid, type Problem, problem, required } from "./problem.ts";

/** A reference to another object. */
export interface ObjectReference {
  readonly apiVersion: string;
  readonly kind: string;
  readonly name: string;
  /** After defaults: never absent. */
  readonly namespace?: string | undefined;
}

/** Where events go: an object, a URL, or an object with a path below its address. */
export interface Destination {
  readonly ref?: ObjectReference | undefined;
  readonly uri?: string | undefined;
}

const referenceSchema = z.strictObject({
  apiVersion: z.string().describe("API version of the object, such as eventing.knative.dev/v1 for a Broker."),
  kind: z.string().describe("Kind of the object: Service, Broker, KafkaSink or RabbitmqSink."),
  name: z.string().describe("Name of the object."),
  namespace: z.string().optional().describe("Namespace of the object; default: that of the referring object."),
});

/** The schema of a {@link Destination}. */
export const destinationSchema: z.ZodType<Destination> = z
  .strictObject({
    ref: referenceSchema.optional().describe("The object to send to."),
    uri: z
      .string()
      .optional()
      .describe("An absolute http or https URL; with ref, a path resolved against its address."),
  })
  .describe("Where events go: ref, uri, or ref with a relative uri.");

/** Fields of Knative's Destination that are refused, below the destination's own path. */
export function unsupportedInDestination(path: string): Record<string, string> {
  return {
    [`${path}.CACerts`]: "trust the certificate in the environment of the process",
    [`${path}.audience`]: "deliveries carry no OIDC token yet; leave it out",
    [`${path}.ref.group`]: "write the full apiVersion",
    [`${path}.ref.address`]: "objects have one address here; leave it out",
  };
}

/** What a `ref` may name. */
const resolvable: Readonly<Record<string, string>> = {
  Service: "serving.knative.dev/v1",
  Broker: "eventing.knative.dev/v1",
  KafkaSink: "eventing.knative.dev/v1alpha1",
  RabbitmqSink: "rouse.dev/v1alpha1",
};
const expectedOne = "ref, uri, or ref with a relative uri";

/** The rules of a destination that its schema cannot say. */
export function validateDestination(destination: Destination, path: string): Problem[] {
  const { ref, uri } = destination;
  if (ref === undefined && uri === undefined) return [required(path, expectedOne)];
  const problems = ref === undefined ? [] : validateReference(ref, `${path}.ref`);
  if (uri !== undefined) problems.push(...validateUri(uri, ref !== undefined, `${path}.uri`));
  return problems;
}

/** The destination with its reference's namespace filled in. */
export function destinationInNamespace<D extends Destination | undefined>(destination: D, namespace: string): D {
  if (destination?.ref === undefined || destination.ref.namespace !== undefined) return destination;
  return { ...destination, ref: { ...destination.ref, namespace } };
}

function validateReference(ref: ObjectReference, path: string): Problem[] {
  const problems: Problem[] = [];
  const apiVersion = Object.hasOwn(resolvable, ref.kind) ? resolvable[ref.kind] : undefined;
  const kinds = Object.keys(resolvable);
  if (apiVersion === undefined) {
    const hint = didYouMean(ref.kind, kinds) ?? "send to anything else by its URL: uri";
    problems.push(
      problem("FieldValueNotSupported", `${path}.kind`, {
        expected: `a kind events can be sent to (${kinds.join(", ")})`,
        got: `"${ref.kind}"`,
        hint,
      }),
    );
  } else if (ref.apiVersion !== apiVersion) {
    const core = ref.kind === "Service" && ref.apiVersion === "v1";
    const hint = core
      ? `a core Service is only known in a cluster: name it by uri, or write apiVersion: ${apiVersion}`
      : undefined;
    problems.push(
      problem("FieldValueNotSupported", `${path}.apiVersion`, {
        expected: `"${apiVersion}"`,
        got: `"${ref.apiVersion}"`,
        hint,
      }),
    );
  }
  if (!isDnsLabel(ref.name)) problems.push(invalid(`${path}.name`, dnsLabelExpected, ref.name));
  if (ref.namespace !== undefined && !isDnsLabel(ref.namespace)) {
    problems.push(invalid(`${path}.namespace`, dnsLabelExpected, ref.namespace));
  }
  return problems;
}

function validateUri(uri: string, withRef: boolean, path: string): Problem[] {
  const absolute = /^[A-Za-z][A-Za-z0-9+.-]*:/.test(uri);
  if (withRef) {
    if (absolute) {
      return [
        problem("FieldValueForbidden", path, {
          message: "an absolute uri and ref exclude each other",
          expected: "a relative uri beside ref",
          got: `"${uri}"`,
          hint: "leave ref out, or write only the path",
        }),
      ];
    }
    // Two slashes would replace the host of the object's address, a backslash counts as one in URLs.
    const stays = uri !== "" && !/^[/\\]{2}/.test(uri) && URL.canParse(uri, "http://host/") && !/[\s\\]/.test(uri);
    return stays ? [] : [invalid(path, "a path such as /update", uri)];
  }
  if (!absolute) {
    return [
      invalid(
        path,
        "an absolute URL with a host, such as http://localhost:3000/",
        uri,
        "a relative uri needs a ref beside it",
      ),
    ];
  }
  const url = URL.canParse(uri) ? new URL(uri) : undefined;
  const ok =
    url !== undefined && (url.protocol === "http:" || url.protocol === "https:") && /^https?:\/\/[^/?#]/i.test(uri);
  return ok && !/\s/.test(uri) ? [] : [invalid(path, "an http or https URL with a host", uri)];
}
