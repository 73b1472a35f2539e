import { z } from "zod";
import { type Destination, destinationSchema, unsupportedInDestination, validateDestination } from "./destination.ts";
import { parseDuration } from "./duration.ts";
import { invalid, type Problem } from "./problem.ts";

/** How failed deliveries are repeated and where they end; Knative's DeliverySpec. Durations are ISO 8601. */
export interface DeliverySpec {
  readonly retry?: number | undefined;
  readonly backoffPolicy?: "linear" | "exponential" | undefined;
  readonly backoffDelay?: string | undefined;
  readonly timeout?: string | undefined;
  readonly retryAfterMax?: string | undefined;
  readonly format?: "json" | "binary" | undefined;
  readonly deadLetterSink?: Destination | undefined;
}

const retryMax = 2 ** 31 - 1;
const duration = (description: string) =>
  z
    .string()
    .optional()
    .meta({ description, examples: ["PT0.2S", "PT10M"] });

/** The schema of a {@link DeliverySpec}. */
export const deliverySchema: z.ZodType<DeliverySpec> = z
  .strictObject({
    retry: z.int().min(0).max(retryMax).optional().describe("Retries after the first attempt."),
    backoffPolicy: z
      .enum(["linear", "exponential"])
      .optional()
      .describe("How the delay grows: d, d, d (linear) or d, 2d, 4d (exponential)."),
    backoffDelay: duration("The delay d before the first retry, an ISO 8601 duration."),
    timeout: duration("The longest one attempt may take, an ISO 8601 duration; default PT10M."),
    retryAfterMax: duration(
      "Retry-After on 429 and 503 is honoured up to this; PT0S ignores it. Default: the longest delay.",
    ),
    format: z.enum(["json", "binary"]).optional().describe("Forces the encoding of deliveries; default: as received."),
    deadLetterSink: destinationSchema.optional().describe("Where events go that could not be delivered."),
  })
  .describe("Retries, time limits and the dead-letter sink; each field overrides the Broker's.");

/** Fields of Knative's DeliverySpec that are refused. */
export function unsupportedInDelivery(path: string): Record<string, string> {
  return unsupportedInDestination(`${path}.deadLetterSink`);
}

/** The rules of a delivery that its schema cannot say. */
export function validateDelivery(delivery: DeliverySpec | undefined, path: string): Problem[] {
  if (delivery === undefined) return [];
  const problems = [
    ...durationProblems(delivery.backoffDelay, `${path}.backoffDelay`),
    ...durationProblems(delivery.timeout, `${path}.timeout`),
    ...durationProblems(delivery.retryAfterMax, `${path}.retryAfterMax`),
  ];
  const timeout = delivery.timeout === undefined ? undefined : parseDuration(delivery.timeout);
  if (timeout?.kind === "duration" && timeout.ms === 0) {
    problems.push(invalid(`${path}.timeout`, "a duration longer than nothing", delivery.timeout));
  }
  if (delivery.deadLetterSink !== undefined) {
    problems.push(...validateDestination(delivery.deadLetterSink, `${path}.deadLetterSink`));
  }
  return problems;
}

function durationProblems(text: string | undefined, path: string): Problem[] {
  if (text === undefined) return [];
  const read = parseDuration(text);
  return read.kind === "duration" ? [] : [invalid(path, read.expected, text, read.hint)];
}
