import { brokerKind } from "./broker.ts";
import { containerSourceKind } from "./container-source.ts";
import { httpSourceKind } from "./http-source.ts";
import { kafkaSinkKind } from "./kafka-sink.ts";
import { kafkaSourceKind } from "./kafka-source.ts";
import type { KindDefinition } from "./kind.ts";
import { natsSourceKind } from "./nats-source.ts";
import { didYouMean } from "./nearest.ts";
import { pingSourceKind } from "./ping-source.ts";
import { type Problem, problem } from "./problem.ts";
import { rabbitmqSinkKind } from "./rabbitmq-sink.ts";
import { rabbitmqSourceKind } from "./rabbitmq-source.ts";
import { formatApiVersion } from "./resource-object.ts";
import { revisionKind } from "./revision.ts";
import { secretKind } from "./secret.ts";
import { servedApiVersions, servedVersions } from "./served-versions.ts";
import { serviceKind } from "./service.ts";
import { sinkBindingKind } from "./sink-binding.ts";
import { triggerKind } from "./trigger.ts";

/** Every kind that is served, in the order in which a set of documents should be applied. */
export const kinds: readonly KindDefinition[] = [
  secretKind,
  brokerKind,
  kafkaSinkKind,
  rabbitmqSinkKind,
  serviceKind,
  revisionKind,
  triggerKind,
  pingSourceKind,
  kafkaSourceKind,
  rabbitmqSourceKind,
  httpSourceKind,
  natsSourceKind,
  containerSourceKind,
  sinkBindingKind,
];

/** Kinds of the design that are not built yet, by apiVersion. */
const laterKinds: Readonly<Record<string, readonly string[]>> = {
  "sources.knative.dev/v1": ["ApiServerSource"],
  "sources.knative.dev/v1alpha1": ["IntegrationSource"],
  "eventing.knative.dev/v1alpha1": ["EventPolicy", "EventTransform", "RequestReply"],
  "eventing.knative.dev/v1beta3": ["EventType"],
  "messaging.knative.dev/v1": ["Channel", "Subscription", "InMemoryChannel"],
  "flows.knative.dev/v1": ["Sequence", "Parallel"],
  "sinks.knative.dev/v1alpha1": ["JobSink", "IntegrationSink"],
};

/** The apiVersion that objects of a kind are stored in. */
export function apiVersionOf(definition: { readonly group: string; readonly version: string }): string {
  return formatApiVersion(definition.group, definition.version);
}

/** The kind of a document, or why there is none. */
export type KindLookup =
  | { readonly kind: "found"; readonly definition: KindDefinition }
  | { readonly kind: "refused"; readonly problem: Problem };

/** Finds the kind that a document's `apiVersion` and `kind` name. */
export function lookUpKind(apiVersion: string, kind: string): KindLookup {
  const definition = kinds.find((each) => each.kind === kind && servedApiVersions(each).includes(apiVersion));
  return definition === undefined
    ? { kind: "refused", problem: refusal(apiVersion, kind) }
    : { kind: "found", definition };
}

/** Finds a kind by the parts of its API path, in any version that is served. */
export function findPlural(group: string, version: string, plural: string): KindDefinition | undefined {
  return kinds.find((each) => each.group === group && each.plural === plural && servedVersions(each).includes(version));
}

/** Finds a kind as people type it: plural, singular, short name or kind in any case, with or without `.<group>`. */
export function findKindByName(typed: string): KindDefinition | undefined {
  const name = typed.toLowerCase();
  return kinds.find((each) => {
    const names = [each.plural, each.singular, each.kind.toLowerCase(), ...each.shortNames];
    return names.some((known) => name === known || name === `${known}.${each.group}`);
  });
}

/** Finds the kinds of a category: `all`, `eventing`. */
export function kindsInCategory(category: string): readonly KindDefinition[] {
  return kinds.filter((each) => each.categories.includes(category));
}

function refusal(apiVersion: string, kind: string): Problem {
  const got = `"${kind}"`;
  const wrongVersion = kinds.find((each) => each.kind === kind);
  if (wrongVersion !== undefined) {
    const expected = `"${apiVersionOf(wrongVersion)}" for a ${kind}`;
    return problem("FieldValueNotSupported", "apiVersion", {
      expected,
      got: `"${apiVersion}"`,
      hint: `write apiVersion: ${apiVersionOf(wrongVersion)}`,
    });
  }
  const supported = kinds.map((each) => each.kind);
  const expected = `one of ${supported.join(", ")}`;
  const later = Object.entries(laterKinds).find(([, names]) => names.includes(kind));
  if (later !== undefined) {
    return problem("FieldValueNotSupported", "kind", {
      message: `kind "${kind}" (${later[0]}) is not supported yet`,
      expected,
      got,
    });
  }
  const hint = didYouMean(kind, [...supported, ...Object.values(laterKinds).flat()]);
  return problem("FieldValueNotSupported", "kind", {
    message: `unknown kind "${kind}" in ${apiVersion}`,
    expected,
    got,
    hint,
  });
}
