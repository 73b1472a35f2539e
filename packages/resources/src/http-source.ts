import { z } from "zod";
import type { CloudEventOverrides } from "./ce-overrides.ts";
import { commonColumns, fieldColumn } from "./columns.ts";
import { livingSet } from "./conditions.ts";
import type { DeliverySpec } from "./delivery-spec.ts";
import type { Destination } from "./destination.ts";
import { type HttpEventRules, httpEventSchema, validateHttpEvent } from "./http-event.ts";
import { defaultSignature, type HttpSignature, httpSignatureSchema, validateHttpSignature } from "./http-signature.ts";
import type { KindDefinition } from "./kind.ts";
import { validateNameText } from "./name-text.ts";
import { type Problem, problem, required } from "./problem.ts";
import type { ResourceObject, ResourceStatus } from "./resource-object.ts";
import { type SecretValue, secretValueSchema, validateSecretValue } from "./secret-reference.ts";
import { deliveringSourceFields, sourceInNamespace, unsupportedInSource, validateSource } from "./source-spec.ts";

/** The specification of an HttpSource. */
export interface HttpSourceSpec {
  /** Who calls, and so how a request is signed and read. There after defaults (`none`). */
  readonly preset: HttpPreset;
  /** What requests are signed with; there unless the preset is `none`. */
  readonly secret?: SecretValue | undefined;
  /** What they were signed with until lately, and may still be. */
  readonly previousSecret?: SecretValue | undefined;
  /** There exactly when the preset is `hmac`. */
  readonly signature?: HttpSignature | undefined;
  /** What becomes of a request; each rule given here replaces that of the preset. */
  readonly event?: HttpEventRules | undefined;
  /** The question that a sender asks with GET before it begins. */
  readonly challenge?: HttpChallenge | undefined;
  /** The largest body, in bytes. There after defaults (1 MiB). */
  readonly maxBytes: number;
  /** Retries and dead letters; only for a sink that is no broker. */
  readonly delivery?: DeliverySpec | undefined;
  readonly ceOverrides?: CloudEventOverrides | undefined;
  readonly sink: Destination;
}

const presets = ["github", "gitlab", "stripe", "slack", "hmac", "none"] as const;

/** Webhooks that are understood without rules; `hmac` checks a signature of any shape, `none` checks nothing. */
export type HttpPreset = (typeof presets)[number];

/** A question in the query that is answered with its own value. */
export interface HttpChallenge {
  /** The parameter that is sent back: `hub.challenge`, `validationToken`. */
  readonly query: string;
  /** The parameter that has to hold the secret: `hub.verify_token`. */
  readonly tokenQuery?: string | undefined;
}

/** The state of an HttpSource. */
export interface HttpSourceStatus extends ResourceStatus {
  readonly sinkUri?: string;
  /** Where requests are sent to. */
  readonly address?: { readonly url: string };
}

/** A source that turns requests of others (webhooks) into events. */
export type HttpSourceObject = ResourceObject<HttpSourceSpec, HttpSourceStatus>;

const bodyBytesDefault = 1_048_576;
const bodyBytesMax = 64 * 1_048_576;

const specSchema = z
  .strictObject({
    preset: z
      .enum(presets)
      .optional()
      .describe("Who calls: how requests are signed and read. hmac: as signature says. none (default): not signed."),
    secret: secretValueSchema.optional().describe("The Secret that requests are signed with."),
    previousSecret: secretValueSchema
      .optional()
      .describe("Another that is still taken, while the sender changes from one to the other."),
    signature: httpSignatureSchema.optional(),
    event: httpEventSchema.optional(),
    challenge: z
      .strictObject({
        query: z.string().describe("The parameter that is sent back, such as hub.challenge."),
        tokenQuery: z.string().optional().describe("The parameter that has to hold the secret."),
      })
      .optional()
      .describe("A question in the query of a GET that is answered with its own value."),
    maxBytes: z
      .int()
      .min(1)
      .max(bodyBytesMax)
      .optional()
      .describe("The largest body in bytes; default 1048576. What the log takes may be less."),
    ...deliveringSourceFields,
  })
  .describe("Which requests are taken, what becomes of them, and where they go.");

/** HttpSource (rouse.dev/v1alpha1). */
export const httpSourceKind: KindDefinition<HttpSourceObject> = {
  group: "rouse.dev",
  version: "v1alpha1",
  kind: "HttpSource",
  plural: "httpsources",
  singular: "httpsource",
  shortNames: [],
  categories: ["all", "knative", "eventing", "sources"],
  description: "Takes webhooks and sends each as an event.",
  spec: specSchema,
  specOptional: false,
  unsupported: unsupportedInSource,
  defaults(source) {
    const given: Partial<HttpSourceSpec> = source.spec;
    const { preset = "none", maxBytes = bodyBytesDefault } = given;
    const signature = given.signature === undefined ? {} : { signature: defaultSignature(given.signature) };
    const spec = { ...source.spec, preset, maxBytes, ...signature };
    return { ...source, spec: sourceInNamespace(spec, source.metadata.namespace) };
  },
  validate({ spec }) {
    const common = validateSource(spec);
    const problems = [
      ...secretProblems(spec),
      ...signatureProblems(spec),
      ...validateHttpEvent(spec.event, "spec.event"),
      ...challengeProblems(spec),
      ...common.problems,
    ];
    const open = spec.preset === "none";
    const warning = "spec.preset: none takes requests of anybody who can reach the data plane, unchecked";
    return { problems, warnings: [...(open ? [warning] : []), ...common.warnings] };
  },
  immutable: () => [],
  columns: [
    fieldColumn("URL", "status.address.url", "Where requests are sent to."),
    fieldColumn("Sink", "status.sinkUri", "Where the events go."),
    ...commonColumns,
  ],
  conditions: livingSet("SinkProvided", "Deployed"),
};

function secretProblems({ preset, secret, previousSecret, challenge }: HttpSourceSpec): Problem[] {
  const problems = [
    ...validateSecretValue(secret, "spec.secret"),
    ...validateSecretValue(previousSecret, "spec.previousSecret"),
  ];
  const asked = challenge?.tokenQuery !== undefined;
  const wanted = preset === "none" ? asked : true;
  if (wanted && secret === undefined) {
    const why = preset === "none" ? "challenge.tokenQuery asks for it" : `requests of ${preset} are signed with it`;
    const hint = "secret: {secretKeyRef: {name: NAME, key: KEY}}, and a Secret of that name";
    problems.push(required("spec.secret", `a secret, because ${why}`, hint));
  }
  if (!wanted && secret !== undefined) {
    const message = "nothing is checked with it, because the preset is none";
    const hint = `choose one of ${presets.filter((each) => each !== "none").join(", ")}, or leave the secret out`;
    problems.push(problem("FieldValueForbidden", "spec.secret", { message, hint }));
  }
  if (previousSecret !== undefined && secret === undefined) {
    const parts = { message: "there is no secret that came after it", hint: "write it into secret" };
    problems.push(problem("FieldValueForbidden", "spec.previousSecret", parts));
  }
  return problems;
}

function signatureProblems({ preset, signature }: HttpSourceSpec): Problem[] {
  if (preset === "hmac") {
    const hint = "signature: {header: X-Signature}";
    if (signature === undefined) return [required("spec.signature", "how requests are signed, for preset hmac", hint)];
    return validateHttpSignature(signature, "spec.signature");
  }
  if (signature === undefined) return [];
  const message = `is for the preset hmac, and the preset is ${preset}`;
  const hint = "write preset: hmac, or leave the signature out";
  return [problem("FieldValueForbidden", "spec.signature", { message, hint })];
}

function challengeProblems({ challenge }: HttpSourceSpec): Problem[] {
  if (challenge === undefined) return [];
  const { query, tokenQuery } = challenge;
  const token = tokenQuery === undefined ? [] : validateNameText(tokenQuery, "spec.challenge.tokenQuery", 100);
  return [...validateNameText(query, "spec.challenge.query", 100), ...token];
}
