import { type IncomingMessage, METHODS, type Server, type ServerResponse } from "node:http";
import type { Socket } from "node:net";
import type { Clock } from "@rouse/base";
import type { FastifyInstance, FastifyRequest } from "fastify";
import type { Lookups } from "./lookups.ts";
import { answerProblem, type Refusal } from "./problem.ts";
import { type ServiceAddress, serviceAddressOf } from "./service-address.ts";
import { admit } from "./service-admission.ts";
import { answerRefusal, hasBody, ServiceCalls } from "./service-calls.ts";
import { refuseUpgrade, ServiceUpgrades } from "./service-upgrades.ts";
import { ServiceWaiting } from "./service-waiting.ts";
import { serveAsIfNotUpgraded } from "./unwanted-upgrade.ts";

/** What calls of Services are made of. */
export interface ServiceRoutesParts {
  readonly lookups: Pick<Lookups, "services" | "loaded">;
  /** The data plane's token. */
  readonly token: string | undefined;
  readonly clock: Clock;
  /** How long calls under way have when the data plane closes. */
  readonly graceMs: number;
}

/** Where calls of Services are routed to, whatever their paths: an app's paths are its own business, unreadable ones too. */
const route = "/-/services";

/** Takes calls of Services out of what comes in and passes them to instances, plain ones and WebSockets. */
export class ServiceRoutes {
  private readonly addresses = new WeakMap<IncomingMessage, ServiceAddress>();
  private readonly expecting = new WeakSet<IncomingMessage>();
  private readonly responding = new WeakMap<Socket, number>();
  private readonly calls: ServiceCalls;
  private readonly upgrades: ServiceUpgrades;
  private readonly parts: ServiceRoutesParts;

  constructor(parts: ServiceRoutesParts) {
    const { clock, lookups } = parts;
    const waiting = new ServiceWaiting(lookups.services, clock);
    this.parts = parts;
    this.calls = new ServiceCalls({ waiting, clock });
    this.upgrades = new ServiceUpgrades({ waiting, clock });
  }

  /** For fastify's `rewriteUrl`. */
  readonly rewrite = (request: IncomingMessage): string => {
    const address = serviceAddressOf(request);
    if (address === undefined) return request.url ?? "/";
    this.addresses.set(request, address);
    return route;
  };

  /** True for a request that is let in or not by its Service's visibility; see `admit`. */
  readonly concerns = (request: FastifyRequest): boolean => this.addresses.has(request.raw);

  /** True for a connection that may take its time; see {@link ServiceCalls.mayBeSlow}. */
  readonly mayBeSlow = (socket: Socket): boolean => this.calls.mayBeSlow(socket);

  /** Adds the route and what the server beneath has to do; bodies are never read here. */
  async addTo(app: FastifyInstance): Promise<void> {
    for (const method of METHODS) {
      if (method !== "CONNECT" && !app.supportedMethods.includes(method)) app.addHttpMethod(method);
    }
    await app.register(async (scope) => {
      scope.addHook("onRequest", async (request, reply) => {
        const address = this.addresses.get(request.raw);
        if (address === undefined) return answerProblem(reply, noAddress);
        reply.hijack();
        this.call(address, request.raw, reply.raw);
        return reply;
      });
      const never = async () => undefined;
      scope.route({
        method: app.supportedMethods.filter((method) => method !== "CONNECT"),
        url: route,
        handler: never,
      });
    });
    this.attach(app.server);
    app.addHook("preClose", async () => {
      this.upgrades.close();
      this.calls.close(this.parts.graceMs);
    });
  }

  private attach(server: Server): void {
    server.on("checkContinue", (request: IncomingMessage, response: ServerResponse) => {
      if (serviceAddressOf(request) === undefined) response.writeContinue();
      else this.expecting.add(request);
      server.emit("request", request, response);
    });
    server.on("request", ({ socket }: IncomingMessage, response: ServerResponse) => {
      this.responding.set(socket, (this.responding.get(socket) ?? 0) + 1);
      response.once("close", () => this.responding.set(socket, (this.responding.get(socket) ?? 1) - 1));
    });
    server.on("upgrade", (request: IncomingMessage, socket: Socket, head: Buffer) => {
      // What Node had listened for is gone with the parser; nobody else would hear of a connection that breaks.
      if (!socket.listeners("error").includes(ignored)) socket.on("error", ignored);
      // An answer that is still under way would be mixed up with ours.
      if ((this.responding.get(socket) ?? 0) > 0) return void socket.destroy();
      const address = serviceAddressOf(request);
      const asksForWebSocket = /^websocket$/i.test(request.headers.upgrade ?? "");
      if (address === undefined || !asksForWebSocket) return serveAsIfNotUpgraded(server, request, socket, head);
      this.upgrade(address, request, socket, head);
    });
  }

  private call(address: ServiceAddress, request: IncomingMessage, response: ServerResponse): void {
    const expectsContinue = this.expecting.has(request);
    const judged = this.judge(address, request, undefined);
    if (judged.kind === "refused") answerRefusal(response, judged.refusal, undefined, expectsContinue);
    else this.calls.pass({ request, response, expectsContinue, ...judged.call }).catch(() => response.destroy());
  }

  private upgrade(address: ServiceAddress, request: IncomingMessage, socket: Socket, head: Buffer): void {
    const judged = this.judge(address, request, wrongInHandshake(request));
    if (judged.kind === "refused") refuseUpgrade(socket, judged.refusal);
    else this.upgrades.pass({ request, socket, head, ...judged.call }).catch(() => socket.destroy());
  }

  private judge(address: ServiceAddress, request: IncomingMessage, wrong: string | undefined) {
    if (address.kind === "unreadable") return { kind: "refused", refusal: unreadable(address.detail) } as const;
    if (wrong !== undefined) return { kind: "refused", refusal: unreadable(wrong) } as const;
    if (isCodedOtherwise(request)) return { kind: "refused", refusal: codedOtherwise } as const;
    const admission = admit(this.parts, address, request);
    if (admission.kind === "refused") return admission;
    const { path, prefix } = address;
    return { kind: "admitted", call: { admission, path, prefix } } as const;
  }
}

/** One and the same, since a connection may offer an upgrade with each of its requests. */
function ignored(): void {}

/** What no app would take for a WebSocket handshake (RFC 6455, 4.2.1); which versions there are is for the app to say. */
function wrongInHandshake(request: IncomingMessage): string | undefined {
  if (request.method !== "GET") return `expected GET for an upgrade to WebSocket, got ${request.method}`;
  if (request.httpVersion !== "1.1") return `expected HTTP/1.1 for an upgrade to WebSocket, got ${request.httpVersion}`;
  if (hasBody(request)) return "expected no body with an upgrade to WebSocket";
  const key = request.headers["sec-websocket-key"] ?? "";
  if (!/^[+/0-9A-Za-z]{22}==$/.test(key)) return "expected a Sec-WebSocket-Key of 16 bytes in base64";
  return undefined;
}

/** An app that does not know such a coding may take the body for the next request on the connection. */
function isCodedOtherwise({ headers }: IncomingMessage): boolean {
  const coding = headers["transfer-encoding"];
  return coding !== undefined && coding.trim().toLowerCase() !== "chunked";
}

const codedOtherwise: Refusal = {
  status: 501,
  code: "REQUEST_INVALID",
  detail: "expected no transfer coding but chunked",
  hint: "say how the body is compressed with Content-Encoding",
};

function unreadable(detail: string): Refusal {
  return { status: 400, code: "REQUEST_INVALID", detail };
}

const noAddress: Refusal = {
  status: 404,
  code: "SERVER_SERVICE_UNKNOWN",
  detail: "expected /-/services/<namespace>/<name>/…",
  hint: "name the namespace and the Service in the path",
};
