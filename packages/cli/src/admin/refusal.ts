import { CliFault, type CliFaultCode } from "../errors.ts";

interface Refused {
  readonly message?: unknown;
  readonly title?: unknown;
  readonly detail?: unknown;
  readonly hint?: unknown;
  readonly details?: { readonly causes?: readonly { readonly field?: string; readonly message?: string }[] };
}

/** One cause of a refusal: the field, and what is wrong with it. */
export interface RefusalCause {
  readonly field: string;
  readonly message: string;
}

/** An answer that refuses a document, with a cause for each field. */
export class Refused422 extends CliFault {
  readonly causes: readonly RefusalCause[];

  constructor(message: string, causes: readonly RefusalCause[], hint?: string) {
    super("CLI_REFUSED", message, hint === undefined ? {} : { hint });
    this.causes = causes;
  }
}

/** The fault of an answer other than success: a Kubernetes Status, a problem document, or anything else. */
export function refusalOf(status: number, text: string, url: string): CliFault {
  const body = read(text);
  const said = sentence(body) ?? `the server at ${url} answered ${status}`;
  const causes = (body.details?.causes ?? []).flatMap((cause) =>
    cause.message === undefined ? [] : [{ field: cause.field ?? "", message: cause.message }],
  );
  // A refusal with causes was not made at the door, and says the way out itself.
  const hint = typeof body.hint === "string" ? body.hint : causes.length > 0 ? undefined : hintOf(status);
  if (causes.length > 0 && (status === 422 || status === 400)) return new Refused422(said, causes, hint);
  return new CliFault(codeOf(status), said, hint === undefined ? {} : { hint });
}

function read(text: string): Refused {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === "object" && value !== null ? (value as Refused) : {};
  } catch {
    return {};
  }
}

function sentence(body: Refused): string | undefined {
  if (typeof body.message === "string" && body.message !== "")
    return body.message === "Unauthorized" ? "the server wants a token that it knows" : body.message;
  if (typeof body.detail === "string" && body.detail !== "") return body.detail;
  return typeof body.title === "string" ? body.title : undefined;
}

function codeOf(status: number): CliFaultCode {
  switch (status) {
    case 404:
      return "CLI_NOT_FOUND";
    case 400:
    case 405:
    case 409:
    case 413:
    case 415:
    case 422:
      return "CLI_REFUSED";
    default:
      return "CLI_FAILED";
  }
}

function hintOf(status: number): string | undefined {
  switch (status) {
    case 401:
      return "give its token with --token-file or ROUSE_TOKEN_FILE (the file token in the server's data folder)";
    case 403:
      return "reach it under a loopback name, or start it with --admin-host NAME";
    case 503:
      return "try again in a moment";
    default:
      return undefined;
  }
}
