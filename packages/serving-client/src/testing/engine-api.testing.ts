import { request } from "node:http";
import type { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";

/** What an engine answered. */
export interface EngineAnswer {
  readonly status: number;
  readonly text: string;
}

/** The few calls that the launcher makes; the driver's client is what is tested, so it is not used here. */
export interface EngineApi {
  /** Makes a call with a body of JSON or a tar; rejects when nobody listens. */
  call(method: string, path: string, body?: unknown): Promise<EngineAnswer>;
  /** As {@link call}; rejects with the engine's words when the status is 400 or more. */
  ask(method: string, path: string, body?: unknown): Promise<EngineAnswer>;
}

/** Speaks to the engine behind a socket. Holds nothing open. */
export function engineApi(socketPath: string): EngineApi {
  const call = (method: string, path: string, body?: unknown) => exchange(socketPath, method, path, body);
  return {
    call,
    async ask(method, path, body) {
      const answer = await call(method, path, body);
      if (answer.status >= 400) throw new Error(`${method} ${path}: ${answer.status} ${answer.text.trim()}`);
      return answer;
    },
  };
}

async function exchange(socketPath: string, method: string, path: string, body: unknown): Promise<EngineAnswer> {
  const tar = isReadable(body);
  const text = body === undefined || tar ? undefined : JSON.stringify(body);
  const type = tar ? "application/x-tar" : "application/json";
  const headers = body === undefined ? {} : { "content-type": type };
  const asking = request({ socketPath, method, path, headers, agent: false });
  const answered = new Promise<EngineAnswer>((done, fail) => {
    asking.once("error", fail);
    asking.once("response", (response) => {
      let said = "";
      response.setEncoding("utf8");
      response.on("data", (chunk: string) => {
        said += chunk;
      });
      response.once("error", fail);
      response.once("end", () => done({ status: response.statusCode ?? 0, text: said }));
    });
  });
  if (!tar) asking.end(text);
  // An engine that refuses closes the connection while the tar is on its way: its answer says more than the broken pipe.
  else await pipeline(body, asking).catch(() => undefined);
  return await answered;
}

function isReadable(body: unknown): body is Readable {
  return typeof body === "object" && body !== null && "pipe" in body;
}
