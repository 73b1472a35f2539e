import type { StoredDeadRecord } from "@rouse/broker";
import type { Activator, InstanceLine, Keeper } from "@rouse/serving-client";
import type { SinkAnswer } from "@rouse/sources";
import type { FastifyInstance, FastifyReply, FastifyRequest } from "fastify";
import type { TailLine } from "../observe/tail-line.ts";
import type { Timeline } from "../observe/timeline.ts";
import { type DeadLine, deadLineOf } from "./dead-line.ts";
import { type Follow, sendLines } from "./ndjson.ts";

/** What `GET /-/info` tells of a running server. */
export interface ServerInfo {
  readonly version: string;
  readonly installation: string;
  readonly storage: "memory" | "jetstream";
  /** Absent with the memory engine. */
  readonly nats?: { readonly url: string; readonly version: string };
  readonly dataPlane: string;
  readonly admin: string;
  readonly pid: number;
}

/** What the operations of the admin listener need. */
export interface OperationsPorts {
  readonly timeline: Timeline;
  readonly activator: Activator;
  /** Of the processes of ContainerSources. */
  readonly keeper: Keeper;
  readonly info: () => ServerInfo;
  /** Takes values of Secrets out of what instances print and say. */
  readonly redact: <T>(value: T) => T;
  /** Undefined when there is no such source here. */
  readonly firePing: (namespace: string, name: string) => Promise<SinkAnswer | undefined>;
  /** Undefined when there is no such broker. */
  readonly deadRecords: (namespace: string, broker: string) => AsyncIterable<StoredDeadRecord> | undefined;
}

interface Place {
  Params: { namespace: string; name: string };
  Querystring: { limit?: string; follow?: string; namespace?: string; broker?: string };
}

/** Adds what is not an object: `/-/info`, `/-/tail`, `/-/logs`, `/-/services`, `/-/ping/…/fire`, `/-/dead`. */
export function addOperations(app: FastifyInstance, ports: OperationsPorts): void {
  app.get("/-/info", async () => ports.info());
  app.get<Place>("/-/tail", (request, reply) => tail(request, reply, ports.timeline));
  app.get<Place>("/-/logs/:namespace/:name", (request, reply) => logs(request, reply, ports));
  app.get<Place>("/-/services/:namespace/:name", async (request, reply) => {
    const status = ports.activator.status(`${request.params.namespace}/${request.params.name}`);
    return ports.redact(status) ?? missing(reply, `service ${request.params.namespace}/${request.params.name}`);
  });
  app.post<Place>("/-/ping/:namespace/:name/fire", async (request, reply) => {
    const answer = await ports.firePing(request.params.namespace, request.params.name);
    return answer
      ? fired(reply, answer)
      : missing(reply, `pingsource ${request.params.namespace}/${request.params.name}`);
  });
  app.get<Place>("/-/dead/:namespace/:name", async (request, reply) => {
    const records = ports.deadRecords(request.params.namespace, request.params.name);
    if (!records) return missing(reply, `broker ${request.params.namespace}/${request.params.name}`);
    const lines: DeadLine[] = [];
    for await (const record of records) lines.push(deadLineOf(request.params.namespace, request.params.name, record));
    sendLines(request, reply, lines, undefined);
    return reply;
  });
}

function tail(request: FastifyRequest<Place>, reply: FastifyReply, timeline: Timeline): void {
  const { namespace, broker } = request.query;
  const wanted = (line: TailLine) =>
    (namespace === undefined || line.namespace === namespace) &&
    (broker === undefined || line.broker === undefined || line.broker === broker);
  const follow: Follow<TailLine> = (listener) => timeline.onLine((line) => wanted(line) && listener(line));
  const past = timeline.recent(limitOf(request, 50)).filter(wanted);
  sendLines(request, reply, past, isTrue(request.query.follow) ? follow : undefined);
}

/** Of a Service, or of a ContainerSource when there is no Service of that name. */
function logs(
  request: FastifyRequest<Place>,
  reply: FastifyReply,
  { activator, keeper, redact }: Pick<OperationsPorts, "activator" | "keeper" | "redact">,
): unknown {
  const place = `${request.params.namespace}/${request.params.name}`;
  const kept = `containersources/${place}`;
  const printer = activator.status(place) ? activator : keeper.status(kept) ? keeper : undefined;
  if (!printer) return missing(reply, `service or containersource ${place}`);
  const key = printer === activator ? place : kept;
  const follow: Follow<InstanceLine> = (listener) =>
    printer.onLine((line) => line.key === key && listener(redact(line)));
  const limit = limitOf(request, 1_000);
  const past = limit === 0 ? [] : printer.lines(key).slice(-limit).map(redact);
  sendLines(request, reply, past, isTrue(request.query.follow) ? follow : undefined);
  return reply;
}

function fired(reply: FastifyReply, answer: SinkAnswer): object {
  switch (answer.kind) {
    case "stored":
      return { handle: answer.handle, duplicate: answer.duplicate };
    case "refused":
      return problem(reply, 422, "the event was refused", answer.reason);
    case "unavailable":
      reply.header("retry-after", Math.max(1, Math.ceil(answer.retryAfterMs / 1_000)));
      return problem(reply, 503, "the event could not be stored now", answer.reason);
    default: {
      const unknown: never = answer;
      return unknown;
    }
  }
}

function missing(reply: FastifyReply, what: string): object {
  return problem(reply, 404, "not found", `${what} was not found`);
}

function problem(reply: FastifyReply, status: number, title: string, detail: string): object {
  reply.code(status).type("application/problem+json");
  return { type: "about:blank", title, status, detail };
}

function limitOf(request: FastifyRequest<Place>, fallback: number): number {
  const limit = Number(request.query.limit ?? fallback);
  return Number.isInteger(limit) && limit >= 0 ? Math.min(limit, 1_000) : fallback;
}

function isTrue(value: string | undefined): boolean {
  return value === "true" || value === "1" || value === "True";
}
