import { LogFault } from "../../errors.ts";
import type { Stored } from "../engine.ts";

interface PublishAnswer {
  readonly seq?: number;
  readonly duplicate?: boolean;
  readonly error?: ApiError;
}

/** An error as the JetStream API words it. */
export interface ApiError {
  readonly code: number;
  readonly err_code?: number;
  readonly description?: string;
}

const insufficientResources = 10023;
const accountLimit = 10028;
const insufficientStorage = 10047;
const invalidStreamConfig = 10052;
const messageTooLarge = 10054;
const streamUpdateRefused = 10069;

/** What the server answered to a write: stored, or why not. */
export function readPublishAnswer(data: Uint8Array): Stored | LogFault {
  const answer = JSON.parse(
    Buffer.from(data.buffer, data.byteOffset, data.byteLength).toString("utf8"),
  ) as PublishAnswer;
  if (answer.error) return faultOf(answer.error, "the write");
  return { sequence: answer.seq ?? 0, duplicate: answer.duplicate === true };
}

/** The fault that an API error means. */
export function faultOf(error: ApiError, what: string): LogFault {
  const said = `${error.description ?? "no description"} (${error.err_code ?? error.code})`;
  const isFull = /maximum (bytes|messages)|no space|disk full/i.test(error.description ?? "");
  switch (error.err_code) {
    case insufficientResources:
    case accountLimit:
    case insufficientStorage:
      return full(what, said);
    case messageTooLarge:
      return new LogFault("LOG_MESSAGE_TOO_LARGE", `the server refused ${what}: ${said}`);
    case invalidStreamConfig:
    case streamUpdateRefused:
      return new LogFault("LOG_REFUSED", `the server refused ${what}: ${said}`);
    default:
      if (isFull) return full(what, said);
      if (error.code >= 500) return new LogFault("LOG_UNAVAILABLE", `the server could not do ${what}: ${said}`);
      return new LogFault("LOG_REFUSED", `the server refused ${what}: ${said}`);
  }
}

function full(what: string, said: string): LogFault {
  return new LogFault("LOG_FULL", `the server has no room for ${what}: ${said}`, {
    hint: "let consumers catch up, or raise the stream's max bytes or the server's storage limits",
  });
}
