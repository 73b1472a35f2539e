import { z } from "zod";
import { type CloudEventOverrides, overrideProblems, overridesSchema } from "./ce-overrides.ts";
import { commonColumns, fieldColumn } from "./columns.ts";
import { livingSet } from "./conditions.ts";
import {
  type Destination,
  destinationInNamespace,
  destinationSchema,
  unsupportedInDestination,
  validateDestination,
} from "./destination.ts";
import { joinPath } from "./field-path.ts";
import type { KindDefinition } from "./kind.ts";
import { invalid, type Problem, problem, show } from "./problem.ts";
import type { ResourceObject, ResourceStatus } from "./resource-object.ts";

/** The specification of a PingSource. */
export interface PingSourceSpec {
  /** A cron expression; there after defaults. */
  readonly schedule: string;
  /** An IANA zone; undefined is UTC. */
  readonly timezone?: string | undefined;
  readonly contentType?: string | undefined;
  readonly data?: string | undefined;
  readonly dataBase64?: string | undefined;
  readonly sink: Destination;
  readonly ceOverrides?: CloudEventOverrides | undefined;
}

/** The state of a PingSource. */
export interface PingSourceStatus extends ResourceStatus {
  readonly sinkUri?: string;
}

/** A source that sends an event on a schedule. */
export type PingSourceObject = ResourceObject<PingSourceSpec, PingSourceStatus>;

/** The schedule of a PingSource that names none: every minute. */
export const defaultSchedule = "* * * * *";

const specSchema: z.ZodType<Omit<PingSourceSpec, "schedule"> & { readonly schedule?: string | undefined }> = z
  .strictObject({
    schedule: z
      .string()
      .optional()
      .meta({
        description:
          "A cron expression of 5 fields, or 6 with seconds first, or @hourly, @daily and the like; default: every minute.",
        examples: ["*/5 * * * *", "@hourly"],
      }),
    timezone: z
      .string()
      .optional()
      .meta({ description: "An IANA time zone; default UTC.", examples: ["Europe/Berlin"] }),
    contentType: z.string().optional().describe("Media type of the data: the event's datacontenttype."),
    data: z.string().optional().describe("The event's data, as text; excludes dataBase64."),
    dataBase64: z.string().optional().describe("The event's data, base64; excludes data."),
    sink: destinationSchema.describe("Where the events go."),
    ceOverrides: overridesSchema.optional(),
  })
  .describe("When to send which event where.");

/** PingSource (sources.knative.dev/v1). */
export const pingSourceKind: KindDefinition<PingSourceObject> = {
  group: "sources.knative.dev",
  version: "v1",
  kind: "PingSource",
  plural: "pingsources",
  singular: "pingsource",
  shortNames: [],
  categories: ["all", "knative", "sources"],
  description: "Sends an event on a cron schedule.",
  spec: specSchema,
  specOptional: false,
  unsupported: unsupportedInDestination("spec.sink"),
  defaults(source) {
    const { metadata, spec } = source;
    const sink = destinationInNamespace(spec.sink, metadata.namespace);
    return { ...source, spec: { ...spec, schedule: spec.schedule ?? defaultSchedule, sink } };
  },
  validate({ spec }, checks) {
    const schedule = checks.schedule(spec.schedule, spec.timezone).map(({ path, message, hint }) => {
      const got = show(path === "timezone" ? spec.timezone : spec.schedule);
      return problem("FieldValueInvalid", joinPath("spec", path), { message, got, hint });
    });
    const problems = [...schedule, ...dataProblems(spec), ...overrideProblems(spec.ceOverrides, "spec.ceOverrides")];
    return { problems: [...problems, ...validateDestination(spec.sink, "spec.sink")], warnings: [] };
  },
  immutable: () => [],
  columns: [
    fieldColumn("Sink", "status.sinkUri", "Where the events go."),
    fieldColumn("Schedule", "spec.schedule", "When."),
    ...commonColumns,
  ],
  conditions: livingSet("SinkProvided", "Deployed"),
};

function dataProblems({ contentType, data, dataBase64 }: PingSourceSpec): Problem[] {
  const problems: Problem[] = [];
  if (contentType !== undefined && !/^[\w!#$&^.+-]+\/[\w!#$&^.+-]+(\s*;[\x20-\x7e]*)?$/.test(contentType)) {
    problems.push(invalid("spec.contentType", "a media type such as application/json", contentType));
  }
  if (data !== undefined && dataBase64 !== undefined) {
    const message = "data and dataBase64 exclude each other";
    problems.push(
      problem("FieldValueForbidden", "spec.dataBase64", { message, expected: "one of them", hint: "leave one out" }),
    );
  }
  if (data !== undefined && contentType === "application/json" && !isJsonObject(data)) {
    const hint = "for any other content choose another contentType, or leave it out";
    problems.push(invalid("spec.data", "a JSON object, because contentType is application/json", data, hint));
  }
  if (
    dataBase64 !== undefined &&
    !/^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$/.test(dataBase64)
  ) {
    problems.push(invalid("spec.dataBase64", "base64 with padding", dataBase64));
  }
  return problems;
}

function isJsonObject(text: string): boolean {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === "object" && value !== null && !Array.isArray(value);
  } catch {
    return false;
  }
}
