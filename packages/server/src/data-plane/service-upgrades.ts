import { Agent, type ClientRequest, type IncomingMessage } from "node:http";
import { connect, type Socket } from "node:net";
import type { Duplex } from "node:stream";
import type { Clock } from "@rouse/base";
import type { InstanceLease } from "@rouse/serving-client";
import { createProxyServer } from "httpxy";
import { rawAnswer } from "./client-error.ts";
import { EarlyBytes } from "./early-bytes.ts";
import type { Refusal } from "./problem.ts";
import type { Admission } from "./service-admission.ts";
import { instanceFailed, instanceTookTooLong, isRefused } from "./service-failure.ts";
import { addTiming, forwardedHeaders, heldTiming, timingOf } from "./service-headers.ts";
import type { ServiceWaiting } from "./service-waiting.ts";

/** An upgrade to WebSocket that may be passed on. */
export interface ServiceUpgrade {
  readonly request: IncomingMessage;
  readonly socket: Socket;
  /** What came right behind the request. */
  readonly head: Buffer;
  readonly admission: Extract<Admission, { readonly kind: "admitted" }>;
  readonly path: string;
  readonly prefix: string;
}

/** One side has said goodbye; the other has so long to do so too. */
const farewellMs = 5_000;
/** A peer that vanished without a word is found out by probes from then on, so that it does not hold its lease for ever. */
const keepAliveMs = 30_000;

/**
 * Passes WebSockets to instances. An open one holds its lease, so its instance is neither frozen nor stopped; the
 * Service's time limit is for the answer to the upgrade, not for what follows.
 */
export class ServiceUpgrades {
  private readonly open = new Set<Socket>();
  private readonly waiting: ServiceWaiting;
  private readonly clock: Clock;
  private ending = false;

  constructor({ waiting, clock }: { readonly waiting: ServiceWaiting; readonly clock: Clock }) {
    this.waiting = waiting;
    this.clock = clock;
  }

  /** Passes an upgrade on, or answers why not; resolves when the connection is closed and the lease released. */
  async pass(upgrade: ServiceUpgrade): Promise<void> {
    const { socket, admission } = upgrade;
    if (this.ending) return refuseUpgrade(socket, goingDown);
    const early = new EarlyBytes(socket, upgrade.head);
    this.open.add(socket);
    socket.once("close", () => this.open.delete(socket));
    for (let attempt = 1; ; attempt++) {
      const leased = await this.waiting.lease(admission.key, admission.facts, early.gone);
      if (leased.kind === "gone") return void socket.destroy();
      if (leased.kind === "refused") {
        return refuseUpgrade(socket, leased.refusal, heldTiming(leased.waitedMs));
      }
      const { lease } = leased;
      try {
        const upstream = await this.reach(lease, early.gone);
        return await this.tunnel(upgrade, lease, upstream, early.take());
      } catch (thrown) {
        if (early.gone.aborted) return void socket.destroy();
        if (isRefused(thrown) && attempt === 1) continue;
        return refuseUpgrade(socket, instanceFailed, timingOf(lease));
      } finally {
        lease.release();
      }
    }
  }

  /** Ends every connection: there is no telling when they would end by themselves. */
  close(): void {
    this.ending = true;
    for (const socket of this.open) socket.destroy();
  }

  /** Connects before the library is asked, which ends the caller's connection at the first failure. */
  private reach({ origin, requestTimeoutMs }: InstanceLease, gone: AbortSignal): Promise<Socket> {
    const { hostname, port } = new URL(origin);
    const upstream = connect({ host: hostname.replace(/^\[|\]$/g, ""), port: Number(port || 80) });
    return new Promise((resolve, reject) => {
      const give = () => upstream.destroy(new Error("given up"));
      const timer = this.clock.setTimer(requestTimeoutMs, give);
      const settled = () => {
        timer.cancel();
        gone.removeEventListener("abort", give);
        upstream.removeListener("error", fail);
      };
      const fail = (failure: Error) => {
        settled();
        reject(failure);
      };
      gone.addEventListener("abort", give, { once: true });
      upstream.once("error", fail);
      upstream.once("connect", () => {
        settled();
        resolve(upstream);
      });
    });
  }

  private async tunnel(upgrade: ServiceUpgrade, lease: InstanceLease, upstream: Socket, head: Buffer): Promise<void> {
    const { request, socket, admission, path, prefix } = upgrade;
    if (socket.destroyed) return void upstream.destroy();
    const closed = new Promise((resolve) => socket.once("close", resolve));
    const proxy = createProxyServer();
    let outgoing: ClientRequest | undefined;
    let state: "asked" | "overdue" | "answered" = "asked";
    const timer = this.clock.setTimer(lease.requestTimeoutMs, () => {
      if (state === "answered") return void socket.destroy();
      state = "overdue";
      outgoing?.destroy(new Error("the instance took too long"));
    });
    const answered = (answer: IncomingMessage) => {
      state = "answered";
      addTiming(answer.headers, timingOf(lease));
    };
    proxy.on("proxyReqWs", (sent) => {
      outgoing = sent;
      sent.prependOnceListener("upgrade", answered);
      sent.prependOnceListener("response", answered);
      // The library ends its side after another answer than an upgrade, and would wait for the caller to end the other.
      sent.once("response", () => {
        socket.once("finish", () => socket.destroy());
        // Nobody else hears of a caller who leaves an answer that goes on.
        socket.once("end", () => socket.destroy());
        socket.resume();
      });
    });
    proxy.on("error", () => {
      if (state === "answered") return;
      refuseUpgrade(socket, state === "overdue" ? instanceTookTooLong : instanceFailed, timingOf(lease));
    });
    proxy.on("open", () => {
      timer.cancel();
      this.watch(socket, upstream);
    });
    request.url = path;
    const headers = forwardedHeaders(request, { prefix, dropAuthorization: admission.bearsToken });
    request.headers = { ...headers, connection: "Upgrade", upgrade: "websocket" };
    try {
      // The library's promise may stay open over an answer that its caller has left.
      await Promise.race([proxy.ws(request, socket, { target: lease.origin, agent: agentOf(upstream) }, head), closed]);
      await closed;
    } finally {
      timer.cancel();
      upstream.destroy();
    }
  }

  /** What the pipes between two sockets leave open: one side that never says goodbye, and one that is gone. */
  private watch(socket: Socket, upstream: Socket): void {
    for (const [one, other] of [
      [socket, upstream],
      [upstream, socket],
    ] as const) {
      one.setKeepAlive(true, keepAliveMs);
      const farewell = () => {
        const timer = this.clock.setTimer(farewellMs, () => other.destroy());
        other.once("close", () => timer.cancel());
      };
      one.once("end", farewell);
      one.once("close", () => {
        other.end();
        farewell();
      });
    }
  }
}

const goingDown: Refusal = {
  status: 503,
  code: "SERVER_SERVICE_UNAVAILABLE",
  detail: "the process is going down",
  hint: "call again after the delay",
  retryAfterMs: 1_000,
};

/** Answers an upgrade with a problem document and closes the connection. */
export function refuseUpgrade(socket: Duplex, refusal: Refusal, timing?: string): void {
  if (!socket.writable) return void socket.destroy();
  const more = {
    ...(timing === undefined ? {} : { "server-timing": timing }),
    ...(refusal.status === 401 ? { "www-authenticate": "Bearer" } : {}),
  };
  socket.end(rawAnswer(refusal, more), () => socket.destroy());
}

/** An agent for one request, whose connection there is already. */
function agentOf(upstream: Socket): Agent {
  return Object.assign(new Agent({ keepAlive: false }), { createConnection: () => upstream });
}
