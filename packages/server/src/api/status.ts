import { messageOf } from "@rouse/base";
import type { Problem } from "@rouse/resources";
import { StoreFault } from "../errors.ts";
import { SecretFault } from "../secrets/secret-fault.ts";
import type { JsonObject } from "../store/port.ts";

/** What a Status is about. */
export interface About {
  readonly group: string;
  readonly plural: string;
  readonly kind: string;
}

/** A reason of a Kubernetes Status, with its code. */
const codes = {
  BadRequest: 400,
  Unauthorized: 401,
  Forbidden: 403,
  NotFound: 404,
  MethodNotAllowed: 405,
  AlreadyExists: 409,
  Conflict: 409,
  Expired: 410,
  RequestEntityTooLarge: 413,
  UnsupportedMediaType: 415,
  Invalid: 422,
  InternalError: 500,
  ServiceUnavailable: 503,
} as const;

export type StatusReason = keyof typeof codes;

/** One cause of a Status. */
export interface Cause {
  readonly reason: string;
  readonly message: string;
  readonly field?: string;
}

const retryAfterSeconds = 1;

/**
 * An answer other than success, thrown inside the API and turned into a Kubernetes Status at its border. It is no Fault:
 * it is what the client is told, with the texts that Kubernetes clients know.
 */
export class Refusal extends Error {
  readonly reason: StatusReason;
  readonly code: number;
  readonly details: JsonObject | undefined;

  constructor(reason: StatusReason, message: string, details?: JsonObject) {
    super(message);
    this.name = "Refusal";
    this.reason = reason;
    this.code = codes[reason];
    this.details = details;
  }

  /** The body of the answer. */
  status(): JsonObject {
    return {
      kind: "Status",
      apiVersion: "v1",
      metadata: {},
      status: "Failure",
      message: this.message,
      reason: this.reason,
      ...(this.details ? { details: this.details } : {}),
      code: this.code,
    };
  }

  /** Headers that go with it. */
  headers(): Readonly<Record<string, string>> {
    if (this.reason === "ServiceUnavailable") return { "retry-after": String(retryAfterSeconds) };
    return this.reason === "Unauthorized" ? { "www-authenticate": "Bearer" } : {};
  }
}

/** `triggers.eventing.knative.dev`, as messages name a collection. */
export function collectionName(about: { readonly group: string; readonly plural: string }): string {
  return about.group === "" ? about.plural : `${about.plural}.${about.group}`;
}

export function notFound(about: About, name: string): Refusal {
  const message = `${collectionName(about)} "${name}" not found`;
  return new Refusal("NotFound", message, { name, group: about.group, kind: about.plural });
}

/** For a path that nothing is served at. */
export function unknownPath(): Refusal {
  return new Refusal("NotFound", "the server could not find the requested resource", {});
}

export function alreadyExists(about: About, name: string): Refusal {
  const message = `${collectionName(about)} "${name}" already exists`;
  return new Refusal("AlreadyExists", message, { name, group: about.group, kind: about.plural });
}

/** For a write with a stale resourceVersion, or without a `why` of its own. */
export function conflict(about: About, name: string, why?: string): Refusal {
  const changed = "the object has been modified; please apply your changes to the latest version and try again";
  const message = `Operation cannot be fulfilled on ${collectionName(about)} "${name}": ${why ?? changed}`;
  return new Refusal("Conflict", message, { name, group: about.group, kind: about.plural });
}

/** For a document whose meaning is refused: one cause per problem, which is what clients print. */
export function invalid(about: About, name: string, causes: readonly Cause[]): Refusal {
  const kind = about.group === "" ? about.kind : `${about.kind}.${about.group}`;
  const parts = causes.map((cause) => (cause.field ? `${cause.field}: ${cause.message}` : cause.message));
  const list = parts.length === 1 ? parts[0] : `[${parts.join(", ")}]`;
  const details = { name, group: about.group, kind: about.kind, causes: causes as unknown as JsonObject[] };
  return new Refusal("Invalid", `${kind} "${name}" is invalid: ${list}`, details);
}

/** The answer to a document that was not admitted: 400 when it has fields nobody knows, 422 otherwise. */
export function notAdmitted(about: About, version: string, name: string, problems: readonly Problem[]): Refusal {
  const unknown = problems.filter((problem) => problem.reason === "FieldUnknown");
  if (unknown.length === 0) return invalid(about, name, problems.map(toCause));
  const fields = unknown.map((problem) => `unknown field "${problem.path}"${problem.hint ? ` (${problem.hint})` : ""}`);
  const message =
    `${about.kind} in version "${version}" cannot be handled as a ${about.kind}: ` +
    `strict decoding error: ${fields.join(", ")}`;
  const details = {
    name,
    group: about.group,
    kind: about.kind,
    causes: problems.map(toCause) as unknown as JsonObject[],
  };
  return new Refusal("BadRequest", message, details);
}

/** A problem as a cause, with its way out. */
export function toCause(problem: Problem): Cause {
  const message = problem.hint ? `${problem.message} (${problem.hint})` : problem.message;
  const reason = problem.reason === "FieldUnknown" ? "FieldValueForbidden" : problem.reason;
  return { reason, message, field: problem.path };
}

/** The answer to anything thrown. What is not meant for clients becomes an InternalError without its text. */
export function toRefusal(thrown: unknown): Refusal {
  if (thrown instanceof Refusal) return thrown;
  if (thrown instanceof StoreFault) return storeRefusal(thrown);
  if (thrown instanceof SecretFault) return secretRefusal(thrown);
  const { code, statusCode } = thrown as { code?: unknown; statusCode?: unknown };
  if (code === "FST_ERR_CTP_BODY_TOO_LARGE")
    return new Refusal("RequestEntityTooLarge", "the request body is too large");
  if (typeof statusCode === "number" && statusCode >= 400 && statusCode < 500) {
    return new Refusal("BadRequest", `the request cannot be read: ${messageOf(thrown)}`);
  }
  return new Refusal("InternalError", "an internal error occurred; the server's log has it");
}

function storeRefusal(fault: StoreFault): Refusal {
  const text = fault.hint ? `${fault.message} (${fault.hint})` : fault.message;
  switch (fault.code) {
    case "STORE_UNAVAILABLE":
    case "STORE_CLOSED":
      return new Refusal("ServiceUnavailable", text, { retryAfterSeconds });
    case "STORE_OBJECT_TOO_LARGE":
      return new Refusal("RequestEntityTooLarge", text);
    case "STORE_BUSY":
      return new Refusal("Conflict", text);
    case "STORE_FORMAT_NEWER":
      return new Refusal("InternalError", text);
    default:
      return fault.code satisfies never;
  }
}

/** The document is in order and the server is not set up for it: nothing that repeating would help. */
function secretRefusal(fault: SecretFault): Refusal {
  const text = fault.hint ? `${fault.message} (${fault.hint})` : fault.message;
  return new Refusal("Forbidden", text, { causes: [{ reason: fault.code, message: fault.message }] });
}
