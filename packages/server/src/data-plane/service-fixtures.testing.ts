import { createServer, type IncomingMessage, type RequestListener, type RequestOptions, request } from "node:http";
import { type AddressInfo, connect, type Socket } from "node:net";
import { text } from "node:stream/consumers";
import type { InstanceAcquired } from "@rouse/serving-client";
import { expect } from "vitest";
import { createDataPlane, type DataPlaneParts } from "./data-plane.ts";
import type { ServiceFacts, Services } from "./lookups.ts";

export const token = "t0ken-of-tests";

/** Waits for what `see` shows to be as expected. */
export function soon<T>(see: () => T | Promise<T>): ReturnType<typeof expect.poll<T>> {
  return expect.poll(see, { interval: 3, timeout: 4_000 });
}

/** An app of a test, as an instance would run it, on a free port of loopback. */
export async function startApp(listener: RequestListener) {
  const server = createServer(listener);
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;
  return {
    server,
    port,
    origin: `http://127.0.0.1:${port}`,
    [Symbol.asyncDispose]: () =>
      new Promise<void>((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

/** An origin where nothing listens. */
export async function deadOrigin(): Promise<string> {
  const app = await startApp(() => undefined);
  await app[Symbol.asyncDispose]();
  return app.origin;
}

type Acquire = (key: string, signal: AbortSignal) => Promise<InstanceAcquired> | InstanceAcquired;

/** Services of which `default/app` is public and `default/hidden` private; leases of the origins one after the other, the last again and again. */
export class FakeServices implements Services {
  leased = 0;
  released = 0;
  readonly keys: string[] = [];
  facts: Record<string, ServiceFacts> = {
    app: { visibility: "public", startTimeoutMs: 10_000 },
    hidden: { visibility: "private", startTimeoutMs: 10_000 },
  };
  requestTimeoutMs = 30_000;
  acquireAs: Acquire | undefined;
  private readonly origins: string[];

  constructor(...origins: string[]) {
    this.origins = origins;
  }

  find(namespace: string, name: string): ServiceFacts | undefined {
    return namespace === "default" ? this.facts[name] : undefined;
  }

  async acquire(key: string, signal: AbortSignal): Promise<InstanceAcquired> {
    this.keys.push(key);
    return this.acquireAs === undefined ? this.lease() : this.acquireAs(key, signal);
  }

  lease(): InstanceAcquired {
    const origin = this.origins[Math.min(this.leased, this.origins.length - 1)] ?? "";
    this.leased += 1;
    const { requestTimeoutMs } = this;
    const release = () => {
      this.released += 1;
    };
    return { kind: "lease", lease: { origin, instance: "cold", waitedMs: 131.42, requestTimeoutMs, release } };
  }

  /** Resolves when no lease is out. */
  async idle(): Promise<void> {
    await soon(() => [this.leased > 0, this.leased - this.released]).toEqual([true, 0]);
  }
}

/** A data plane that listens on a free port of loopback. */
export async function startDataPlane(services: Services, parts: Partial<DataPlaneParts> = {}) {
  const app = await createDataPlane({
    config: { dataPlane: { host: "127.0.0.1", port: 0 } },
    brokers: { find: () => undefined },
    configuration: { loaded: true },
    engine: { kind: "memory", maxMessageBytes: 1024 * 1024 },
    graceMs: 50,
    services,
    ...parts,
  });
  await app.listen({ host: "127.0.0.1", port: 0 });
  const { port } = app.server.address() as AddressInfo;
  return Object.assign(app, { port, [Symbol.asyncDispose]: () => app.close() });
}

/** An answer as far as it has come. */
export interface Answer {
  readonly status: number;
  readonly headers: IncomingMessage["headers"];
  readonly message: IncomingMessage;
  body(): Promise<string>;
}

/** Sends one request on a connection of its own. */
export function call(port: number, path: string, options: RequestOptions = {}, body?: string): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const outgoing = request({ host: "127.0.0.1", port, path, agent: false, ...options }, (message) =>
      resolve({ status: message.statusCode ?? 0, headers: message.headers, message, body: () => text(message) }),
    );
    outgoing.once("error", reject);
    outgoing.end(body);
  });
}

/** A connection to say anything on; `said` is what came back so far. */
export async function rawConnection(port: number) {
  const socket: Socket = connect(port, "127.0.0.1");
  let said = "";
  socket.on("data", (chunk) => {
    said += chunk.toString("latin1");
  });
  socket.on("error", () => undefined);
  const closed = new Promise<void>((resolve) => socket.once("close", () => resolve()));
  await new Promise((resolve) => socket.once("connect", resolve));
  return { socket, closed, said: () => said };
}
