import { z } from "zod";
import { parseDuration } from "./duration.ts";
import { validateHeaderName } from "./header-name.ts";
import { invalid, type Problem, required } from "./problem.ts";

/** How a request is signed: an HMAC of the body, or of `<timestamp>.<body>` when there is a timestamp header. */
export interface HttpSignature {
  /** The header that carries the signature. */
  readonly header: string;
  /** There after defaults (`sha256`). */
  readonly algorithm: "sha1" | "sha256" | "sha512";
  /** There after defaults (`hex`). */
  readonly encoding: "hex" | "base64";
  /** What stands before the signature: `sha256=`. There after defaults (empty). */
  readonly prefix: string;
  /** The header with the time of signing, in seconds since the epoch. */
  readonly timestampHeader?: string | undefined;
  /** How far that time may be from ours, an ISO 8601 duration. There after defaults (`PT5M`) when timestampHeader is. */
  readonly tolerance?: string | undefined;
}

/** The schema of an {@link HttpSignature} before defaults. */
export const httpSignatureSchema = z
  .strictObject({
    header: z.string().meta({ description: "The header with the signature.", examples: ["X-Signature"] }),
    algorithm: z.enum(["sha1", "sha256", "sha512"]).optional().describe("The hash; default sha256."),
    encoding: z.enum(["hex", "base64"]).optional().describe("How it is written; default hex."),
    prefix: z
      .string()
      .optional()
      .meta({ description: "What stands before it in the header.", examples: ["sha256="] }),
    timestampHeader: z
      .string()
      .optional()
      .describe("The header with the time of signing, in seconds since 1970; it is signed too, as <time>.<body>."),
    tolerance: z.string().optional().describe("How far that time may be from now, an ISO 8601 duration; default PT5M."),
  })
  .describe("How requests are signed, for the preset hmac: an HMAC of the body.");

/** The signature with its defaults. */
export function defaultSignature(given: Partial<HttpSignature> & Pick<HttpSignature, "header">): HttpSignature {
  const { algorithm = "sha256", encoding = "hex", prefix = "", timestampHeader } = given;
  const tolerance = timestampHeader === undefined ? given.tolerance : (given.tolerance ?? "PT5M");
  return { ...given, algorithm, encoding, prefix, ...(tolerance !== undefined && { tolerance }) };
}

/** The rules of a signature that its schema cannot say. */
export function validateHttpSignature(signature: HttpSignature, path: string): Problem[] {
  const { header, prefix, timestampHeader } = signature;
  const problems = validateHeaderName(header, `${path}.header`);
  if (timestampHeader !== undefined) problems.push(...validateHeaderName(timestampHeader, `${path}.timestampHeader`));
  if (!/^[\x20-\x7e]{0,64}$/.test(prefix)) {
    problems.push(invalid(`${path}.prefix`, "at most 64 printable ASCII characters", prefix));
  }
  return [...problems, ...toleranceProblems(signature, path)];
}

function toleranceProblems({ tolerance, timestampHeader }: HttpSignature, path: string): Problem[] {
  if (tolerance === undefined) return [];
  if (timestampHeader === undefined) {
    return [required(`${path}.timestampHeader`, "the header with the time, because there is a tolerance")];
  }
  const read = parseDuration(tolerance);
  if (read.kind === "invalid") return [invalid(`${path}.tolerance`, read.expected, tolerance, read.hint)];
  return read.ms > 0 ? [] : [invalid(`${path}.tolerance`, "a duration longer than nothing", tolerance)];
}
