import { z } from "zod";
import type { CloudEventOverrides } from "./ce-overrides.ts";
import { livingSet } from "./conditions.ts";
import type { DeliverySpec } from "./delivery-spec.ts";
import type { Destination } from "./destination.ts";
import { unchanged } from "./immutable.ts";
import type { KindDefinition } from "./kind.ts";
import { validateNatsName, validateNatsServers, validateNatsSubject } from "./nats-names.ts";
import { type Problem, problem, required } from "./problem.ts";
import type { ResourceObject, ResourceStatus } from "./resource-object.ts";
import { type SecretAuth, secretAuthSchema, validateSecretAuth } from "./secret-reference.ts";
import {
  deliveringSourceFields,
  sourceColumns,
  sourceInNamespace,
  unsupportedInSource,
  validateSource,
} from "./source-spec.ts";

/** The specification of a NatsSource: a subject of core NATS, or a JetStream stream that is there already. */
export interface NatsSourceSpec {
  /** `nats://` or `tls://` URLs; absent: the NATS that rouse itself is kept on. */
  readonly servers?: readonly string[] | undefined;
  /** May hold wildcards; excludes stream. */
  readonly subject?: string | undefined;
  /** Only with subject; absent: a group of the source's own. */
  readonly queueGroup?: string | undefined;
  /** Excludes subject. */
  readonly stream?: NatsStream | undefined;
  /** Whether messages are stored one at a time, in the order of the stream. There after defaults (`unordered`). */
  readonly ordering: "ordered" | "unordered";
  /** The Secret has `user` and `password`, `token` or `creds`, and `ca.crt`, `tls.crt`, `tls.key`, as needed. */
  readonly auth?: SecretAuth | undefined;
  /** Retries and dead letters; only for a sink that is no broker. */
  readonly delivery?: DeliverySpec | undefined;
  readonly ceOverrides?: CloudEventOverrides | undefined;
  readonly sink: Destination;
}

/** What is read of a JetStream stream. All but filterSubjects cannot be changed. */
export interface NatsStream {
  readonly name: string;
  /** Subjects that are wanted, with wildcards; empty: all. There after defaults. */
  readonly filterSubjects: readonly string[];
  /** A durable pull consumer that is there already, with its own filter and policies; absent: one of the source's own. */
  readonly durable?: string | undefined;
  /** Where a consumer of the source's own begins. There after defaults (`new`). */
  readonly deliverPolicy: "new" | "all";
}

/** The state of a NatsSource. */
export interface NatsSourceStatus extends ResourceStatus {
  readonly sinkUri?: string;
}

/** A source that reads messages of NATS. */
export type NatsSourceObject = ResourceObject<NatsSourceSpec, NatsSourceStatus>;

const specSchema = z
  .strictObject({
    servers: z
      .array(z.string())
      .optional()
      .meta({ description: "URLs of NATS servers; default: rouse's own.", examples: [["nats://localhost:4222"]] }),
    subject: z
      .string()
      .optional()
      .meta({ description: "A subject of core NATS, at most once; excludes stream.", examples: ["orders.>"] }),
    queueGroup: z
      .string()
      .optional()
      .describe("The queue group that shares the messages of the subject; default: one of the source's own."),
    stream: z
      .strictObject({
        name: z.string().describe("Name of the stream, which must be there."),
        filterSubjects: z.array(z.string()).optional().describe("Subjects of it that are wanted; default: all."),
        durable: z
          .string()
          .optional()
          .describe("A durable pull consumer that is there already; default: one of the source's own."),
        deliverPolicy: z
          .enum(["new", "all"])
          .optional()
          .describe("Where a consumer of the source's own begins; default new."),
      })
      .optional()
      .describe("A stream of JetStream; excludes subject."),
    ordering: z
      .enum(["ordered", "unordered"])
      .optional()
      .describe("Whether messages are stored one at a time, in order; default unordered."),
    auth: secretAuthSchema.optional().describe("How to log in."),
    ...deliveringSourceFields,
  })
  .describe("Which messages become events, and where they go.");

/** NatsSource (rouse.dev/v1alpha1). */
export const natsSourceKind: KindDefinition<NatsSourceObject> = {
  group: "rouse.dev",
  version: "v1alpha1",
  kind: "NatsSource",
  plural: "natssources",
  singular: "natssource",
  shortNames: [],
  categories: ["all", "knative", "eventing", "sources"],
  description: "Reads messages of NATS and sends each as an event.",
  spec: specSchema,
  specOptional: false,
  unsupported: unsupportedInSource,
  defaults(source) {
    const given: Partial<NatsSourceSpec> = source.spec;
    const { ordering = "unordered", stream } = given;
    const { deliverPolicy = "new", filterSubjects = [] }: Partial<NatsStream> = stream ?? {};
    const whole = stream && { stream: { ...stream, filterSubjects, deliverPolicy } };
    const spec = { ...source.spec, ordering, ...whole };
    return { ...source, spec: sourceInNamespace(spec, source.metadata.namespace) };
  },
  validate({ spec }) {
    const common = validateSource(spec);
    const problems = [
      ...(spec.servers === undefined ? [] : validateNatsServers(spec.servers, "spec.servers")),
      ...placeProblems(spec),
      ...validateSecretAuth(spec.auth, "spec.auth"),
      ...common.problems,
    ];
    if (spec.auth !== undefined && spec.servers === undefined) {
      const message = "rouse's own NATS needs no login of a source";
      const hint = "name the servers it is for, or leave it out";
      problems.push(problem("FieldValueForbidden", "spec.auth", { message, hint }));
    }
    return { problems, warnings: common.warnings };
  },
  immutable(old, next) {
    const fields = ["name", "durable", "deliverPolicy"] as const;
    if (old.spec.stream === undefined || next.spec.stream === undefined) return [];
    const [before, after] = [old.spec.stream, next.spec.stream];
    return fields.flatMap((field) => unchanged(`spec.stream.${field}`, before[field], after[field]));
  },
  columns: sourceColumns,
  conditions: livingSet("SinkProvided", "Deployed"),
};

function placeProblems({ subject, queueGroup, stream }: NatsSourceSpec): Problem[] {
  if (subject === undefined && stream === undefined) return [required("spec.subject", "a subject, or a stream")];
  const problems: Problem[] = [];
  if (subject !== undefined) problems.push(...validateNatsSubject(subject, "spec.subject"));
  if (subject !== undefined && stream !== undefined) {
    const hint = "to read some subjects of a stream write stream.filterSubjects";
    problems.push(
      problem("FieldValueForbidden", "spec.stream", { message: "subject and stream exclude each other", hint }),
    );
  }
  if (queueGroup !== undefined) problems.push(...validateNatsName(queueGroup, "spec.queueGroup"));
  if (queueGroup !== undefined && subject === undefined) {
    const message = "is for a subject; a stream's messages are shared by its consumer";
    problems.push(problem("FieldValueForbidden", "spec.queueGroup", { message, hint: "leave it out" }));
  }
  return stream === undefined ? problems : [...problems, ...streamProblems(stream)];
}

function streamProblems({ name, filterSubjects, durable }: NatsStream): Problem[] {
  const path = "spec.stream";
  const problems = validateNatsName(name, `${path}.name`);
  for (const [index, subject] of filterSubjects.entries()) {
    problems.push(...validateNatsSubject(subject, `${path}.filterSubjects[${index}]`));
  }
  if (durable !== undefined) problems.push(...validateNatsName(durable, `${path}.durable`));
  if (durable !== undefined && filterSubjects.length > 0) {
    const message = "a consumer that is there already has its own filter";
    problems.push(problem("FieldValueForbidden", `${path}.filterSubjects`, { message, hint: "leave one of them out" }));
  }
  return problems;
}
