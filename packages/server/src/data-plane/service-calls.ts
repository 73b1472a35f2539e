import { Agent, type ClientRequest, type IncomingMessage, type ServerResponse } from "node:http";
import type { Socket } from "node:net";
import { PassThrough, Readable } from "node:stream";
import type { Clock } from "@rouse/base";
import type { InstanceLease } from "@rouse/serving-client";
import { createProxyServer } from "httpxy";
import { type Refusal, renderProblem } from "./problem.ts";
import type { Admission } from "./service-admission.ts";
import { instanceFailed, instanceTookTooLong, isRefused, isReset } from "./service-failure.ts";
import {
  addTiming,
  dropHopByHop,
  forwardedHeaders,
  frameAnswer,
  heldTiming,
  passableTrailers,
  timingOf,
} from "./service-headers.ts";
import type { ServiceWaiting } from "./service-waiting.ts";

/** A call that may be passed on. */
export interface ServiceCall {
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
  readonly admission: Extract<Admission, { readonly kind: "admitted" }>;
  /** What the app is asked for. */
  readonly path: string;
  readonly prefix: string;
  /** The caller sends its body when it is told to go on (`Expect: 100-continue`). */
  readonly expectsContinue: boolean;
}

/** What {@link ServiceCalls} is made of. */
export interface ServiceCallsParts {
  readonly waiting: ServiceWaiting;
  readonly clock: Clock;
}

/** One attempt under way at an instance. */
interface Attempt {
  readonly call: ServiceCall;
  readonly lease: InstanceLease;
  /** What goes to the instance as the body: nothing is taken from the caller before there is a connection. */
  readonly body: Readable;
  outgoing: ClientRequest | undefined;
  overdue: boolean;
  answered: boolean;
  /** The connection ended without a word that the library hears: an answer to an upgrade that nobody asked for. */
  lost: (failure: Error) => void;
}

type Ended =
  | { readonly kind: "over" }
  | { readonly kind: "unreached" }
  | { readonly kind: "failed"; readonly refusal: Refusal };

/** Below the five seconds after which common servers close an idle connection, lest a call meets its end. */
const idleConnectionMs = 2_000;

/** Node parses such a reason phrase, too, and throws where it is to be written. */
const notInReason = /[^\t\x20-\x7e\x80-\xff]/;

/** Passes calls to instances and their answers back, both as they come. */
export class ServiceCalls {
  private readonly attempts = new WeakMap<IncomingMessage, Attempt>();
  private readonly open = new Map<ServerResponse, Socket>();
  private readonly slow = new WeakSet<Socket>();
  private readonly agent = new Agent({ keepAlive: true, maxFreeSockets: 64, timeout: idleConnectionMs });
  private readonly proxy = createProxyServer();
  private readonly waiting: ServiceWaiting;
  private readonly clock: Clock;
  private ending = false;

  constructor({ waiting, clock }: ServiceCallsParts) {
    this.waiting = waiting;
    this.clock = clock;
    this.proxy.on("proxyReq", (outgoing, request) => this.connected(outgoing, request));
    this.proxy.on("proxyRes", (incoming, request) => this.answered(incoming, request));
  }

  /**
   * Answers the call, whatever happens. An instance that refuses the connection is left for another one once, and so is
   * one that closes it on a GET or HEAD without body before it has answered.
   */
  async pass(call: ServiceCall): Promise<void> {
    const { request, response, admission } = call;
    const { socket } = request;
    const gone = new AbortController();
    response.once("close", () => gone.abort());
    this.open.set(response, socket);
    try {
      for (let attempt = 1; ; attempt++) {
        const leased = await this.waiting.lease(admission.key, admission.facts, gone.signal);
        if (leased.kind === "gone") return;
        if (leased.kind === "refused") return this.refuse(call, leased.refusal, heldTiming(leased.waitedMs));
        const ended = await this.attempt(call, leased.lease);
        if (ended.kind === "over" || response.destroyed) return;
        if (ended.kind === "unreached" && attempt === 1) continue;
        const refusal = ended.kind === "failed" ? ended.refusal : instanceFailed;
        return this.refuse(call, refusal, timingOf(leased.lease));
      }
    } finally {
      this.open.delete(response);
      if (this.slow.delete(socket) && !request.complete) socket.destroySoon();
    }
  }

  /**
   * True for a connection whose call is not over: how long its body may take to arrive is for the Service's own time
   * limit to say. Node asks once for each request.
   */
  mayBeSlow(socket: Socket): boolean {
    for (const known of this.open.values()) {
      if (known !== socket) continue;
      this.slow.add(socket);
      return true;
    }
    return false;
  }

  /** Begins the end: calls under way have `graceMs`, then they are cut. */
  close(graceMs: number): void {
    this.ending = true;
    this.clock.setTimer(graceMs, () => {
      for (const response of this.open.keys()) response.destroy();
      this.agent.destroy();
    });
  }

  private async attempt(call: ServiceCall, lease: InstanceLease): Promise<Ended> {
    const { request, response, admission, prefix } = call;
    const body = hasBody(request) ? new PassThrough() : Readable.from([]);
    const { promise: lost, reject } = withReject();
    const attempt: Attempt = { call, lease, body, outgoing: undefined, overdue: false, answered: false, lost: reject };
    const timer = this.clock.setTimer(lease.requestTimeoutMs, () => {
      attempt.overdue = true;
      if (response.headersSent) response.destroy();
      else attempt.outgoing?.destroy(new Error("the instance took too long"));
    });
    this.attempts.set(request, attempt);
    const headers = request.headers;
    request.url = call.path;
    request.headers = forwardedHeaders(request, { prefix, dropAuthorization: admission.bearsToken });
    try {
      await Promise.race([
        this.proxy.web(request, response, { target: lease.origin, agent: this.agent, buffer: body }),
        lost,
      ]);
      return { kind: "over" };
    } catch (thrown) {
      if (response.headersSent) {
        response.destroy();
        return { kind: "over" };
      }
      if (attempt.overdue) return { kind: "failed", refusal: instanceTookTooLong };
      if (isRefused(thrown) || (isReset(thrown) && isRepeatable(request))) return { kind: "unreached" };
      return { kind: "failed", refusal: instanceFailed };
    } finally {
      request.headers = headers;
      timer.cancel();
      lease.release();
    }
  }

  /** There is a socket to the instance, maybe not yet a connection. */
  private connected(outgoing: ClientRequest, request: IncomingMessage): void {
    const attempt = this.attempts.get(request);
    if (attempt === undefined) return;
    attempt.outgoing = outgoing;
    outgoing.once("close", () => {
      if (!attempt.answered) attempt.lost(new Error("the connection ended without an answer"));
    });
    // The library closes the connection after a chunked body; an app that answers early would cut off its own answer.
    outgoing.setHeader("connection", "keep-alive");
    if (attempt.overdue) outgoing.destroy(new Error("the instance took too long"));
    const { body } = attempt;
    if (!(body instanceof PassThrough)) return;
    const send = () => {
      if (attempt.call.expectsContinue) attempt.call.response.writeContinue();
      request.once("end", () => {
        const trailers = passableTrailers(request.trailers);
        if (trailers !== undefined) outgoing.addTrailers(trailers);
      });
      request.pipe(body);
      // With the first of the body as a rule; a caller that waits for an answer before it sends any must get one.
      if (request.readableLength === 0 && !request.complete) outgoing.flushHeaders();
    };
    if (outgoing.socket?.connecting) outgoing.socket.once("connect", send);
    else send();
  }

  /** The instance has begun to answer. */
  private answered(incoming: IncomingMessage, request: IncomingMessage): void {
    const attempt = this.attempts.get(request);
    if (attempt === undefined) return;
    const { call, lease } = attempt;
    const { response } = call;
    attempt.answered = true;
    const status = incoming.statusCode ?? 0;
    dropHopByHop(incoming.headers);
    const framed = frameAnswer(incoming.headers, { status, httpVersion: call.request.httpVersion });
    if (status < 200 || !framed) {
      // Node parses such a status and throws where it is to be written; the library passes nothing on after an answer.
      this.refuse(call, instanceFailed, timingOf(lease));
      return void incoming.destroy();
    }
    if (notInReason.test(incoming.statusMessage ?? "")) incoming.statusMessage = "";
    // Without it the library would tell even a caller that wants the connection closed that it is kept.
    incoming.headers.connection = response.shouldKeepAlive && !this.ending ? "keep-alive" : "close";
    addTiming(incoming.headers, timingOf(lease));
    incoming.once("end", () => {
      const trailers = passableTrailers(incoming.trailers);
      if (trailers !== undefined) response.addTrailers(trailers);
    });
  }

  private refuse({ response, expectsContinue }: ServiceCall, refusal: Refusal, timing: string): void {
    answerRefusal(response, refusal, timing, expectsContinue || this.ending);
  }
}

/** Answers with a problem document, past fastify. */
export function answerRefusal(
  response: ServerResponse,
  refusal: Refusal,
  timing: string | undefined,
  last: boolean,
): void {
  const { headers, body } = renderProblem(refusal);
  response.writeHead(refusal.status, {
    ...headers,
    "content-length": body.length,
    ...(timing === undefined ? {} : { "server-timing": timing }),
    ...(refusal.status === 401 ? { "www-authenticate": "Bearer" } : {}),
    ...(last ? { connection: "close" } : {}),
  });
  response.end(body);
}

/** By what the headers say, which is what Node frames by. */
export function hasBody({ headers }: Pick<IncomingMessage, "headers">): boolean {
  return headers["transfer-encoding"] !== undefined || Number(headers["content-length"] ?? 0) > 0;
}

function withReject() {
  let reject: (failure: Error) => void = () => undefined;
  const promise = new Promise<never>((_, no) => {
    reject = no;
  });
  promise.catch(() => undefined);
  return { promise, reject };
}

function isRepeatable(request: IncomingMessage): boolean {
  return (request.method === "GET" || request.method === "HEAD") && !hasBody(request);
}
