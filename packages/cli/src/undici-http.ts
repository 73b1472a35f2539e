import { Agent, request } from "undici";
import { type Http, linesOf } from "./http.ts";

/** An {@link Http} with connections of its own; closing drops them. */
export interface ClosableHttp extends AsyncDisposable {
  readonly http: Http;
}

const answerTimeoutMs = 60_000;

/** Makes requests with undici. Bodies may take for ever (`tail --follow`); an answer has to begin within a minute. */
export function createHttp(): ClosableHttp {
  const agents = new Map<string | undefined, Agent>();
  const agentFor = (ca: string | undefined): Agent => {
    const known = agents.get(ca);
    if (known) return known;
    const connect = ca === undefined ? {} : { connect: { ca } };
    const made = new Agent({ ...connect, bodyTimeout: 0, headersTimeout: answerTimeoutMs });
    agents.set(ca, made);
    return made;
  };
  return {
    async http(url, { method = "GET", headers = {}, body, ca, signal } = {}) {
      const answer = await request(url, {
        method,
        headers,
        dispatcher: agentFor(ca),
        ...(body === undefined ? {} : { body }),
        ...(signal ? { signal } : {}),
      });
      return {
        status: answer.statusCode,
        headers: answer.headers,
        text: () => answer.body.text(),
        lines: () => linesOf(answer.body),
      };
    },
    async [Symbol.asyncDispose]() {
      await Promise.all([...agents.values()].map((agent) => agent.destroy()));
      agents.clear();
    },
  };
}
