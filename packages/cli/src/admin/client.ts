import { setMaxListeners } from "node:events";
import { messageOf } from "@rouse/base";
import type { Context } from "../context.ts";
import { CliFault, Interrupted } from "../errors.ts";
import type { Http, HttpAnswer, HttpRequest } from "../http.ts";
import type { ConnectionOptions } from "../options.ts";
import { type Endpoint, findEndpoint } from "./endpoint.ts";
import { refusalOf } from "./refusal.ts";

/** A document as the API gives it. */
export type ApiObject = Readonly<Record<string, unknown>> & {
  readonly apiVersion: string;
  readonly kind: string;
  readonly metadata: Readonly<Record<string, unknown>> & { readonly name: string; readonly namespace: string };
};

/** What came of a call that was accepted. */
export interface ApiAnswer<T> {
  readonly status: number;
  readonly body: T;
  readonly warnings: readonly string[];
}

type Call = Pick<HttpRequest, "method" | "headers" | "body">;

/** Calls the admin listener of one server; every answer other than success is thrown as a CliFault. */
export class AdminClient {
  readonly endpoint: Endpoint;
  private readonly http: Http;
  private readonly signal: AbortSignal | undefined;
  private met = false;

  constructor(http: Http, endpoint: Endpoint, signal?: AbortSignal) {
    this.http = http;
    this.endpoint = endpoint;
    this.signal = signal;
    // `get all` asks for all kinds at once, and each request listens.
    if (signal) setMaxListeners(0, signal);
  }

  /** @throws CliFault */
  async call<T>(path: string, request: Call & { readonly json?: unknown } = {}): Promise<ApiAnswer<T>> {
    const { json, ...rest } = request;
    const withBody =
      json === undefined
        ? rest
        : { ...rest, body: JSON.stringify(json), headers: { ...rest.headers, "content-type": "application/json" } };
    const answer = await this.send(path, withBody);
    const text = await answer.text();
    if (answer.status >= 300) throw refusalOf(answer.status, text, this.endpoint.url);
    return { status: answer.status, body: parse<T>(text, this.endpoint.url), warnings: warningsOf(answer) };
  }

  /** As `call`, with undefined for what is not there. */
  async find<T>(path: string): Promise<T | undefined> {
    try {
      return (await this.call<T>(path)).body;
    } catch (thrown) {
      if (thrown instanceof CliFault && thrown.code === "CLI_NOT_FOUND") return undefined;
      throw thrown;
    }
  }

  /** The objects of an answer with one JSON object a line, as they come. */
  async *lines<T>(path: string): AsyncGenerator<T> {
    const answer = await this.send(path, {});
    if (answer.status >= 300) throw refusalOf(answer.status, await answer.text(), this.endpoint.url);
    try {
      for await (const line of answer.lines()) yield parse<T>(line, this.endpoint.url);
    } catch (thrown) {
      throw this.explained(thrown);
    }
  }

  private async send(path: string, request: Call): Promise<HttpAnswer> {
    const { url, token, ca } = this.endpoint;
    const authorization: Record<string, string> = token === undefined ? {} : { authorization: `Bearer ${token}` };
    try {
      const answer = await this.http(`${url}${path}`, {
        ...request,
        headers: { accept: "application/json", ...authorization, ...request.headers },
        ...(ca === undefined ? {} : { ca }),
        ...(this.signal ? { signal: this.signal } : {}),
      });
      this.met = true;
      return answer;
    } catch (thrown) {
      throw this.explained(thrown);
    }
  }

  private explained(thrown: unknown): unknown {
    if (thrown instanceof CliFault) return thrown;
    if (this.signal?.aborted) return this.signal.reason instanceof Interrupted ? this.signal.reason : thrown;
    return unreachable(thrown, this.endpoint.url, this.met);
  }
}

/** The client of the server that options and surroundings name. */
export async function openAdmin(options: ConnectionOptions, context: Context): Promise<AdminClient> {
  return new AdminClient(context.http, await findEndpoint(options, context), context.interrupted);
}

const absent = ["ECONNREFUSED", "ENOTFOUND", "EHOSTUNREACH", "ENETUNREACH", "EAI_AGAIN", "UND_ERR_CONNECT_TIMEOUT"];

const hint = "start one with: rouse dev";

/** Why a rouse server gave no answer; `met` when it has answered before. */
export function unreachable(thrown: unknown, url: string, met = false): CliFault {
  const code = codeOf(thrown);
  const cause = { cause: thrown };
  if (code !== undefined && /CERT|SELF_SIGNED|TLS|SSL/.test(code)) {
    const way = "give the server's certificate with --ca-file (admin.crt in its data folder)";
    return new CliFault(
      "CLI_UNREACHABLE",
      `the rouse server at ${url} does not show a certificate that is trusted here (${code})`,
      {
        ...cause,
        hint: way,
      },
    );
  }
  if (code === undefined || absent.includes(code)) {
    const why = code === undefined || code === "ECONNREFUSED" ? "" : ` (${code})`;
    return new CliFault("CLI_UNREACHABLE", `no rouse server answers at ${url}${why}`, { ...cause, hint });
  }
  if (!met && (code === "UND_ERR_SOCKET" || code === "ECONNRESET" || code.startsWith("HPE_"))) {
    const message = `something that is no rouse server answers at ${url} (${code})`;
    const way = "name the server with --server or --data-plane; the URL of one with TLS begins with https";
    return new CliFault("CLI_UNREACHABLE", message, { ...cause, hint: way });
  }
  const message = `the rouse server at ${url} went away: ${messageOf(thrown)} (${code})`;
  return new CliFault("CLI_UNREACHABLE", message, { ...cause, hint });
}

function codeOf(thrown: unknown): string | undefined {
  if (thrown instanceof AggregateError) return codeOf(thrown.errors[0]);
  const { code, cause } = (thrown ?? {}) as { code?: unknown; cause?: unknown };
  return typeof code === "string" ? code : cause === undefined ? undefined : codeOf(cause);
}

function parse<T>(text: string, url: string): T {
  try {
    return JSON.parse(text) as T;
  } catch (cause) {
    const hint = "is it the admin listener of rouse?";
    throw new CliFault("CLI_FAILED", `expected JSON from ${url}, got something else`, { hint, cause });
  }
}

/** The texts of `Warning: 299 - "…"` headers. */
function warningsOf(answer: HttpAnswer): readonly string[] {
  const { warning } = answer.headers;
  const all = typeof warning === "string" ? [warning] : (warning ?? []);
  return all.flatMap((header) =>
    [...header.matchAll(/299 \S+ "((?:[^"\\]|\\.)*)"/g)].map((match) => match[1]!.replace(/\\(.)/g, "$1")),
  );
}
