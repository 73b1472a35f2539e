import { subscribe } from "node:diagnostics_channel";
import type { ClientRequest } from "node:http";
import { machineNow } from "./machine-now.ts";

/** A call that our process made to the container engine, in milliseconds of the machine's monotonic clock. */
export interface EngineCall {
  /** `POST /containers/create`; identifiers are left out. */
  readonly what: string;
  /** The request was written. */
  readonly began: number;
  /** The answer's head was read; Infinity while there is none. */
  ended: number;
}

/** Notes the calls to the engine behind a socket. */
export interface EngineCalls {
  /** What was begun at this time or later. */
  since(at: number): readonly EngineCall[];
  /** Whether one is under way that is not a wait for a container's end. */
  busy(): boolean;
}

/** Calls that are kept; a cold start makes less than ten. */
const keptMax = 200;

/** Begins to note; Node tells of every request by HTTP itself, so nothing is put in between. */
export function watchEngineCalls(socketPath: string): EngineCalls {
  let calls: EngineCall[] = [];
  const open = new Map<ClientRequest, EngineCall>();
  subscribe("http.client.request.start", (message) => {
    const { request } = message as { request: ClientRequest & { readonly socketPath?: string } };
    if (request.socketPath !== socketPath) return;
    const call = { what: nameOf(request), began: machineNow(), ended: Number.POSITIVE_INFINITY };
    open.set(request, call);
    calls = [...calls.slice(-keptMax), call];
    request.once("close", () => open.delete(request));
  });
  subscribe("http.client.response.finish", (message) => {
    const { request } = message as { request: ClientRequest };
    const call = open.get(request);
    open.delete(request);
    if (call) call.ended = machineNow();
  });
  return {
    since: (at) => calls.filter(({ began }) => began >= at),
    busy: () => [...open.values()].some(({ what }) => !what.endsWith("/wait")),
  };
}

function nameOf({ method, path }: ClientRequest): string {
  const [bare = ""] = path.split("?");
  return `${method} ${bare.replace(/\/(containers|images)\/(?!create)[^/]+/, "/$1/")}`.replace("//", "/");
}
