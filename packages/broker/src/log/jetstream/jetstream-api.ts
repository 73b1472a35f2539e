import type { Msg } from "@nats-io/transport-node";
import { messageOf } from "@rouse/base";
import { LogFault } from "../../errors.ts";
import type { Link } from "./link.ts";
import { type ApiError, faultOf } from "./publish-answer.ts";

/** What the API answers beside its content. */
interface Envelope {
  readonly error?: ApiError;
}

/** Codes of the API errors that are an answer, not a failure. */
export const apiCodes = {
  consumerNotFound: 10014,
  messageNotFound: 10037,
  sequenceNotFound: 10043,
  streamFailure: 10051,
  messageDeleteFailed: 10057,
  streamNameInUse: 10058,
  streamNotFound: 10059,
} as const;

const timeoutMs = 5000;

/**
 * Requests to the JetStream API, with exactly the fields given: a strict server (2.12) refuses fields it does not know.
 * Throws LOG_UNAVAILABLE at once while disconnected or when the connection is lost, after 5 s without an answer, and
 * without JetStream.
 */
export class JetstreamApi {
  private readonly link: Link;

  constructor(link: Link) {
    this.link = link;
  }

  /** Undefined when the server answered with one of the `expected` error codes. */
  async request<T>(path: string, body: object | undefined, ...expected: number[]): Promise<T | undefined> {
    this.link.assertConnected();
    const subject = `$JS.API.${path}`;
    const payload = body === undefined ? "" : JSON.stringify(body);
    let text: string;
    try {
      text = (await this.answer(subject, payload)).string();
    } catch (cause) {
      throw new LogFault("LOG_UNAVAILABLE", `expected an answer to ${subject}: ${messageOf(cause)}`, {
        cause,
        hint: "check that nats-server runs with JetStream enabled (-js) and that the account may use it",
      });
    }
    const answer = JSON.parse(text) as Envelope & T;
    if (!answer.error) return answer;
    if (expected.includes(answer.error.err_code ?? 0)) return undefined;
    throw faultOf(answer.error, path);
  }

  /** The client alone would wait on, for an answer that a lost connection cannot bring. */
  private answer(subject: string, payload: string): Promise<Msg> {
    return new Promise((resolve, reject) => {
      const unlisten = this.link.whenDown(() => reject(new Error("the connection was lost")));
      this.link.connection.request(subject, payload, { timeout: timeoutMs }).then(resolve, reject).finally(unlisten);
    });
  }
}
