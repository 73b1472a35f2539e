import { once } from "node:events";
import { createServer, type IncomingHttpHeaders, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { pause } from "./await-condition.ts";

/** One POST that arrived. */
export interface Received {
  /** Path of the request: one sink serves many triggers. */
  readonly path: string;
  readonly headers: IncomingHttpHeaders;
  readonly body: Buffer;
  /** Of the binary mode's attributes. */
  readonly id: string;
  readonly source: string;
  readonly type: string;
  /** When the body was complete, milliseconds since the epoch. */
  readonly at: number;
  /** How often this event has been to this path, this time included. */
  readonly visit: number;
  /** What it was answered: 0 for a connection that was cut, undefined while it waits. */
  status: number | undefined;
}

/** What to answer. */
export type Answer =
  | {
      readonly kind: "status";
      readonly status: number;
      readonly headers?: Readonly<Record<string, string>>;
      readonly body?: string | Uint8Array;
      readonly afterMs?: number;
    }
  /** Never, until the sink is closed. */
  | { readonly kind: "hang" }
  /** The connection is cut. */
  | { readonly kind: "reset" }
  /** Whatever the function writes. */
  | { readonly kind: "raw"; readonly write: (response: ServerResponse) => void };

/** Decides on an answer. */
export type Responder = (received: Received) => Answer;

/** The answer of a subscriber that has taken the event. */
export const accepted: Answer = { kind: "status", status: 202 };

/** A plain status. */
export function status(code: number, headers: Readonly<Record<string, string>> = {}): Answer {
  return { kind: "status", status: code, headers };
}

/** A reply in binary mode. */
export function reply(attributes: Readonly<Record<string, string>>, body: string | Uint8Array = "{}"): Answer {
  const headers: Record<string, string> = { "content-type": "application/json", "ce-specversion": "1.0" };
  for (const [name, value] of Object.entries(attributes)) headers[`ce-${name}`] = value;
  return { kind: "status", status: 200, headers, body };
}

/** An HTTP sink in the test's own process that records every delivery. Disposing it cuts what still waits. */
export interface Subscriber extends AsyncDisposable {
  readonly port: number;
  /** The URL of a path; default `/`. */
  url(path?: string): string;
  /** Everything that arrived, in order; of one path when given. */
  received(path?: string): readonly Received[];
  /** How often each event arrived at the path and was answered 2xx, by `<source> <id>`. */
  acceptedCounts(path: string): ReadonlyMap<string, number>;
  /** From now on, the path answers so; default 202. */
  on(path: string, respond: Responder): void;
}

/** What an event is known by in counts. */
export function keyOf(event: { readonly source: string; readonly id: string }): string {
  return `${event.source} ${event.id}`;
}

/** The headers of the event's attributes, their percent-encoding undone. */
export function attributesOf({ headers }: Received): Record<string, string> {
  const own = Object.entries(headers).filter(([name]) => name === "content-type" || name.startsWith("ce-"));
  return Object.fromEntries(own.map(([name, value]) => [name, decodeURIComponent(String(value))]));
}

/** Starts a sink. @param port default: a free one. */
export async function startSubscriber(port = 0): Promise<Subscriber> {
  const all: Received[] = [];
  const visits = new Map<string, number>();
  const responders = new Map<string, Responder>();
  const server = createServer((request, response) => {
    void take(request)
      .then(({ received, respond }) => answer(received, respond(received), response))
      .catch(() => response.destroy());
  });
  server.keepAliveTimeout = 60_000;

  async function take(request: IncomingMessage): Promise<{ received: Received; respond: Responder }> {
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk as Buffer);
    const path = request.url ?? "/";
    const { headers } = request;
    const text = (name: string) => String(headers[name] ?? "");
    const event = { id: text("ce-id"), source: text("ce-source"), type: text("ce-type") };
    const visit = (visits.get(`${path} ${keyOf(event)}`) ?? 0) + 1;
    visits.set(`${path} ${keyOf(event)}`, visit);
    const body = Buffer.concat(chunks);
    const received: Received = { path, headers, body, ...event, at: Date.now(), visit, status: undefined };
    all.push(received);
    return { received, respond: responders.get(path) ?? (() => accepted) };
  }

  server.listen(port, "127.0.0.1");
  await once(server, "listening");
  const bound = (server.address() as AddressInfo).port;
  return {
    port: bound,
    url: (path = "/") => `http://127.0.0.1:${bound}${path}`,
    received: (path) => (path === undefined ? all : all.filter((each) => each.path === path)),
    acceptedCounts(path) {
      const counts = new Map<string, number>();
      for (const each of all) {
        if (each.path !== path || each.status === undefined || each.status < 200 || each.status > 299) continue;
        counts.set(keyOf(each), (counts.get(keyOf(each)) ?? 0) + 1);
      }
      return counts;
    },
    on: (path, respond) => void responders.set(path, respond),
    async [Symbol.asyncDispose]() {
      server.close();
      server.closeAllConnections();
    },
  };
}

async function answer(received: Received, given: Answer, response: ServerResponse): Promise<void> {
  switch (given.kind) {
    case "hang":
      return;
    case "reset":
      received.status = 0;
      response.destroy();
      return;
    case "raw":
      given.write(response);
      return;
    case "status":
      if (given.afterMs !== undefined) await pause(given.afterMs);
      received.status = given.status;
      response.writeHead(given.status, given.headers);
      response.end(given.body);
      return;
    default: {
      const unknown: never = given;
      return unknown;
    }
  }
}
