import { z } from "zod";
import { parseDuration } from "./duration.ts";
import { validateHeaderName } from "./header-name.ts";
import { invalid, type Problem, problem, required } from "./problem.ts";

/** How a request is signed. */
export interface HttpSignature {
  /** The header that carries the signature. */
  readonly header: string;
  /** There after defaults (`sha256`). */
  readonly algorithm: "sha1" | "sha256" | "sha384" | "sha512";
  /** There after defaults (`hex`). */
  readonly encoding: "hex" | "base64" | "base64url";
  /** What stands before the signature: `sha256=`. There after defaults (empty). */
  readonly prefix: string;
  /** The header with the time of signing, in seconds since the epoch. */
  readonly timestampHeader?: string | undefined;
  /** How far that time may be from ours, an ISO 8601 duration. There after defaults (`PT5M`) when timestampHeader is. */
  readonly tolerance?: string | undefined;
  /** The header with the delivery's id, when that is signed too. */
  readonly idHeader?: string | undefined;
  /**
   * What is signed: a text in which `{id}`, `{timestamp}` and `{body}` stand for what they say. There after defaults:
   * the body, after the id and the timestamp when they have headers, with dots between.
   */
  readonly signed: string;
}

/** The schema of an {@link HttpSignature} before defaults. */
export const httpSignatureSchema = z
  .strictObject({
    header: z.string().meta({ description: "The header with the signature.", examples: ["X-Signature"] }),
    algorithm: z.enum(["sha1", "sha256", "sha384", "sha512"]).optional().describe("The hash; default sha256."),
    encoding: z.enum(["hex", "base64", "base64url"]).optional().describe("How it is written; default hex."),
    prefix: z
      .string()
      .optional()
      .meta({ description: "What stands before it in the header.", examples: ["sha256="] }),
    timestampHeader: z.string().optional().describe("The header with the time of signing, in seconds since 1970."),
    tolerance: z.string().optional().describe("How far that time may be from now, an ISO 8601 duration; default PT5M."),
    idHeader: z.string().optional().describe("The header with the delivery's id, when that is signed too."),
    signed: z
      .string()
      .optional()
      .meta({
        description: "What is signed; default: id, timestamp (when they have headers) and body, with dots between.",
        examples: ["{timestamp}.{body}", "v0:{timestamp}:{body}"],
      }),
  })
  .describe("How requests are signed, for the preset hmac.");

/** The signature with its defaults. */
export function defaultSignature(given: Partial<HttpSignature> & Pick<HttpSignature, "header">): HttpSignature {
  const { algorithm = "sha256", encoding = "hex", prefix = "", timestampHeader, idHeader } = given;
  const parts = [idHeader && "{id}", timestampHeader && "{timestamp}", "{body}"].filter(Boolean);
  const tolerance = timestampHeader === undefined ? given.tolerance : (given.tolerance ?? "PT5M");
  const signed = given.signed ?? parts.join(".");
  return { ...given, algorithm, encoding, prefix, ...(tolerance !== undefined && { tolerance }), signed };
}

/** The rules of a signature that its schema cannot say. */
export function validateHttpSignature(signature: HttpSignature, path: string): Problem[] {
  const { header, prefix, timestampHeader, idHeader } = signature;
  const problems = validateHeaderName(header, `${path}.header`);
  if (timestampHeader !== undefined) problems.push(...validateHeaderName(timestampHeader, `${path}.timestampHeader`));
  if (idHeader !== undefined) problems.push(...validateHeaderName(idHeader, `${path}.idHeader`));
  if (!/^[\x20-\x7e]{0,64}$/.test(prefix)) {
    problems.push(invalid(`${path}.prefix`, "at most 64 printable ASCII characters", prefix));
  }
  return [...problems, ...toleranceProblems(signature, path), ...signedProblems(signature, path)];
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

/** A timestamp that is not signed proves nothing, and a name that has no header is empty. */
function signedProblems({ signed, timestampHeader, idHeader }: HttpSignature, path: string): Problem[] {
  const at = `${path}.signed`;
  const problems: Problem[] = [];
  if (!signed.includes("{body}")) problems.push(invalid(at, "a text with {body}", signed));
  const pairs = [
    ["{timestamp}", "timestampHeader", timestampHeader],
    ["{id}", "idHeader", idHeader],
  ] as const;
  for (const [name, field, header] of pairs) {
    const used = signed.includes(name);
    if (used && header === undefined) {
      problems.push(required(`${path}.${field}`, `a header, because ${name} is signed`));
    }
    if (!used && header !== undefined) {
      const message = `${name} is not signed: whoever sends a request again could choose it`;
      problems.push(problem("FieldValueInvalid", at, { message, expected: `a text with ${name}`, got: `"${signed}"` }));
    }
  }
  return problems;
}
