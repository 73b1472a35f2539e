import { request } from "undici";
import { pause } from "./await-condition.ts";

/** An event to be sent, in binary mode. */
export interface Outgoing {
  readonly id: string;
  readonly source?: string;
  readonly type?: string;
  readonly attributes?: Readonly<Record<string, string>>;
  readonly body?: string | Uint8Array;
}

/** What a broker answered. */
export interface SendAnswer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  readonly body: string;
}

/** An event that was answered 202. */
export interface Accepted {
  readonly id: string;
  readonly source: string;
  readonly handle: string;
  /** When the last attempt began, milliseconds since the epoch. */
  readonly sentAt: number;
}

/** Default source of what tests send. */
export const testSource = "/tests/e2e";

/** Sends one event once. Rejects when there is no answer. */
export async function send(url: string, event: Outgoing): Promise<SendAnswer> {
  const headers: Record<string, string> = {
    "ce-specversion": "1.0",
    "ce-id": event.id,
    "ce-source": event.source ?? testSource,
    "ce-type": event.type ?? "test.event",
    "content-type": "application/json",
  };
  for (const [name, value] of Object.entries(event.attributes ?? {})) headers[`ce-${name}`] = value;
  const body = event.body ?? `{"id":${JSON.stringify(event.id)}}`;
  const answer = await request(url, { method: "POST", headers, body, headersTimeout: 15_000, bodyTimeout: 15_000 });
  return { status: answer.statusCode, headers: answer.headers, body: await answer.body.text() };
}

/** Sends one event, the same one again and again until it is answered 202; rejects when that takes too long. */
export async function sendUntilAccepted(url: string, event: Outgoing, withinMs = 30_000): Promise<Accepted> {
  const end = performance.now() + withinMs;
  let last: unknown = "nothing was answered";
  while (performance.now() < end) {
    const sentAt = Date.now();
    try {
      const { status, headers, body } = await send(url, event);
      if (status === 202) {
        return { id: event.id, source: event.source ?? testSource, handle: String(headers["rouse-event"]), sentAt };
      }
      last = `${status} ${body}`;
      if (status < 500 && status !== 404) break;
    } catch (failure) {
      last = failure;
    }
    await pause(150);
  }
  throw new Error(`expected event ${event.id} to be accepted within ${withinMs} ms`, { cause: last });
}

/** A load to be put on a broker. */
export interface Load {
  readonly url: string;
  readonly count: number;
  /** Events a second. */
  readonly rate: number;
  /** Ids are `<prefix>-<n>`. */
  readonly prefix: string;
  readonly type?: string;
  readonly body?: string;
  /** Asked before each event; false ends the load early. */
  readonly goOn?: () => boolean;
}

/** So many sends wait for an answer at most: a server that is away must not be stormed. */
const inFlightMax = 48;

/** Sends a load at its rate, every event until it is accepted; resolves with all of them. */
export async function produce({ url, count, rate, prefix, type, body, goOn = () => true }: Load): Promise<Accepted[]> {
  const begun = performance.now();
  const accepted: Accepted[] = [];
  const sending = new Set<Promise<void>>();
  for (let number = 0; number < count; number++) {
    const dueIn = begun + (number * 1_000) / rate - performance.now();
    if (dueIn > 0) await pause(dueIn);
    while (sending.size >= inFlightMax) await Promise.race(sending);
    if (!goOn()) break;
    const event = {
      id: `${prefix}-${number}`,
      ...(type !== undefined && { type }),
      ...(body !== undefined && { body }),
    };
    const one = sendUntilAccepted(url, event).then((answer) => void accepted.push(answer));
    sending.add(one);
    one.then(
      () => sending.delete(one),
      () => undefined,
    );
  }
  await Promise.all(sending);
  return accepted;
}
