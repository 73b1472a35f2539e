import { type AdmitOptions, admit } from "./admission.ts";
import { noChecks } from "./checks.ts";
import type { ResourceObject } from "./resource-object.ts";

type Fields = Record<string, unknown>;

/** A valid Trigger document with parts of its spec and metadata replaced; undefined removes. */
export function triggerDocument(spec: Fields = {}, metadata: Fields = {}): Fields {
  const whole = { broker: "default", subscriber: { uri: "http://localhost:3000/" }, ...spec };
  return {
    apiVersion: "eventing.knative.dev/v1",
    kind: "Trigger",
    metadata: { name: "orders", ...metadata },
    spec: whole,
  };
}

/** A valid Broker document. */
export function brokerDocument(spec: Fields = {}, metadata: Fields = {}): Fields {
  return { apiVersion: "eventing.knative.dev/v1", kind: "Broker", metadata: { name: "default", ...metadata }, spec };
}

/** A valid PingSource document. */
export function pingDocument(spec: Fields = {}, metadata: Fields = {}): Fields {
  const whole = { sink: { uri: "http://localhost:3000/" }, ...spec };
  return {
    apiVersion: "sources.knative.dev/v1",
    kind: "PingSource",
    metadata: { name: "tick", ...metadata },
    spec: whole,
  };
}

/** A valid Service document that runs a command. */
export function serviceDocument(container: Fields = {}, inner: Fields = {}, annotations: Fields = {}): Fields {
  const spec = { containers: [{ image: "example.com/fn", ...container }], ...inner };
  const template = { metadata: { annotations }, spec };
  return { apiVersion: "serving.knative.dev/v1", kind: "Service", metadata: { name: "fn" }, spec: { template } };
}

/** What is wrong with a document, as `path: message`; empty when it is admitted. */
export function problemsOf(document: unknown, options: AdmitOptions = {}): string[] {
  const admission = admit(document, noChecks, options);
  return admission.kind === "admitted" ? [] : admission.problems.map((each) => `${each.path}: ${each.message}`);
}

/** The object of a document that is admitted. */
export function admitted<T extends ResourceObject>(document: unknown): T {
  const admission = admit(document, noChecks);
  if (admission.kind === "refused") throw new Error(JSON.stringify(admission.problems));
  return admission.object as T;
}
