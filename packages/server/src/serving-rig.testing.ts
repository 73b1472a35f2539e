import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { setImmediate, setTimeout } from "node:timers/promises";
import { type Clock, ManualClock } from "@rouse/base";
import { createMemoryEngine, type JournalEntry, openBroker } from "@rouse/broker";
import { createEvent } from "@rouse/events";
import { type Activator, createActivator, type Driver, type Probe, type Workload } from "@rouse/serving-client";
import { createDispatcher, createMatcher, createUrlTargets, type Subscription } from "@rouse/triggers";
import { createCapacity, inFlightMax } from "./capacity.ts";
import { AppliedConfiguration } from "./configuration.ts";
import { createTargets } from "./targets.ts";

/** An instance of a {@link ServingRig}: a server of this process. */
export interface RigInstance {
  readonly name: string;
  readonly port: number;
  /** Requests under way. */
  busy: number;
  /** The most that were. */
  busiest: number;
  /** It is ready from now on. */
  listen(): void;
  exit(): void;
}

/** A broker in front of one service, with everything between them as in a server, but for processes. */
export interface ServingRig extends AsyncDisposable {
  readonly activator: Activator;
  readonly instances: RigInstance[];
  readonly journal: JournalEntry[];
  /** Ids of the events that the service was sent, in this order. */
  readonly served: string[];
  /** The most requests under way at once over all instances. */
  readonly busiest: () => number;
  /** Deliveries that were accepted. */
  readonly done: () => number;
  append(id: string): Promise<void>;
  /** Gives sockets and clock their turns, in growing steps of at most `stepMs`, until the condition is true. */
  until(condition: () => boolean, what: string, stepMs: number): Promise<void>;
}

/** What {@link startServing} may be told. */
export interface ServingRigOptions {
  readonly clock: Clock;
  readonly workload?: Partial<Workload>;
  /** Names of the triggers; each takes every event. */
  readonly triggers?: readonly string[];
  readonly subscription?: Partial<Subscription>;
  /** What a new instance does. */
  readonly onLaunch?: (instance: RigInstance) => void;
  /** What a request takes. */
  readonly serve?: () => Promise<void>;
}

const key = "default/hello";

/** Starts all of it; the service is at zero. */
export async function startServing(options: ServingRigOptions): Promise<ServingRig> {
  const { clock, triggers = ["hello"] } = options;
  const house = new House(options);
  const activator = createActivator({ driver: house, clock, random: () => 0.5, probe: house.probe });
  activator.apply(workloadOf(options.workload));
  const engine = createMemoryEngine({ clock });
  const urls = createUrlTargets();
  const matcher = createMatcher();
  for (const name of triggers) matcher.put(subscriptionOf(name, options.subscription));
  const replies = { append: async () => ({ kind: "unavailable", reason: "there are none" }) as const };
  const random = () => 0.5;
  const dispatcher = createDispatcher({ targets: createTargets(activator, urls), replies, clock, random });
  const configuration = new AppliedConfiguration(clock, async () => 0);
  configuration.advance(1);
  configuration.markLoaded();
  const journal: JournalEntry[] = [];
  let done = 0;
  const broker = await openBroker({
    engine,
    clock,
    random,
    namespace: "default",
    name: "default",
    matcher,
    configuration,
    capacity: createCapacity(activator, urls),
    deliver: (delivery, signal) => dispatcher.deliver(delivery, signal),
    journal: (entry) => {
      journal.push(entry);
      if (entry.kind === "attempt" && entry.verdict === "done") done++;
    },
  });
  const turn = async (stepMs: number) => {
    if (clock instanceof ManualClock) await clock.advance(stepMs);
    else await setTimeout(1);
    await setImmediate();
  };
  const closing = async (what: AsyncDisposable) => {
    let closed = false;
    const done = what[Symbol.asyncDispose]().then(() => {
      closed = true;
    });
    while (!closed) await turn(50);
    await done;
  };
  return {
    activator,
    instances: house.instances,
    journal,
    served: house.served,
    busiest: () => house.busiest,
    done: () => done,
    async append(id) {
      await broker.append(createEvent({ id, source: "/test", type: "test" }, undefined));
    },
    async until(condition, what, stepMs) {
      for (let turns = 0; !condition(); turns++) {
        if (turns > 100_000) throw new Error(`waited in vain until ${what}`);
        // First a little at a time: what is waited for may need no more than the sockets' turn.
        await turn(Math.min(stepMs, 1 + turns));
      }
    },
    async [Symbol.asyncDispose]() {
      for (const one of [broker, activator, dispatcher, engine]) await closing(one);
      await house.close();
    },
  };
}

/** Runs instances as servers of this process; each is ready when the test says so. */
class House implements Driver {
  readonly instances: RigInstance[] = [];
  readonly served: string[] = [];
  busy = 0;
  busiest = 0;
  private readonly options: ServingRigOptions;
  private readonly servers = new Set<Server>();
  private readonly listening = new Set<number>();

  constructor(options: ServingRigOptions) {
    this.options = options;
  }

  readonly probe: Probe = ({ port }, settled) => {
    let cancelled = false;
    queueMicrotask(() => cancelled || settled(this.listening.has(port)));
    return () => {
      cancelled = true;
    };
  };

  readonly launch: Driver["launch"] = async (order, observer) => {
    const instance: RigInstance = {
      name: order.instance,
      port: 0,
      busy: 0,
      busiest: 0,
      listen: () => this.listening.add(port),
      exit: () => end(1),
    };
    const server = createServer((request, response) => {
      this.served.push(String(request.headers["ce-id"]));
      this.enter(instance);
      request.resume().on("end", async () => {
        await this.options.serve?.();
        instance.busy--;
        this.busy--;
        response.writeHead(204).end();
      });
    });
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    this.servers.add(server);
    const { port } = server.address() as AddressInfo;
    let gone = () => {};
    const ended = new Promise<void>((resolve) => {
      gone = resolve;
    });
    let running = true;
    const end = (code: number) => {
      if (!running) return;
      running = false;
      this.listening.delete(port);
      this.servers.delete(server);
      server.close();
      server.closeAllConnections();
      observer.exited({ code, signal: undefined });
      gone();
    };
    this.instances.push(Object.assign(instance, { port }));
    // The observer is not called before the driver has answered.
    void setImmediate().then(() => this.options.onLaunch?.(instance));
    return {
      kind: "running",
      instance: {
        handle: `server ${port}`,
        port,
        addresses: [{ host: "127.0.0.1", port }],
        readiness: "connection",
        startedAt: this.options.clock.monotonic(),
        gone: ended,
        stop: () => queueMicrotask(() => end(0)),
        listeningPorts: async () => [port],
        addressOf: (where) => ({ host: "127.0.0.1", port: where }),
        freeze: async () => true,
        thaw: async () => true,
      },
    };
  };

  async close(): Promise<void> {
    for (const server of this.servers) server.close().closeAllConnections();
  }

  private enter(instance: RigInstance): void {
    instance.busiest = Math.max(instance.busiest, ++instance.busy);
    this.busiest = Math.max(this.busiest, ++this.busy);
  }
}

function workloadOf(fields: Partial<Workload> = {}): Workload {
  return {
    key,
    generation: 1,
    program: { kind: "process", command: ["hello"], workdir: "." },
    env: {},
    serviceName: "hello",
    revisionName: "hello-00001",
    concurrency: 1,
    minScale: 0,
    maxScale: 3,
    idleMs: 30_000,
    freezeMs: undefined,
    lifetimeMs: undefined,
    utilization: undefined,
    target: undefined,
    windowMs: 60_000,
    scaleDownDelayMs: 0,
    startTimeoutMs: 60_000,
    requestTimeoutMs: 300_000,
    graceMs: 1_000,
    watch: false,
    ...fields,
  };
}

function subscriptionOf(name: string, fields: Partial<Subscription> = {}): Subscription {
  const subscriber = { kind: "service", namespace: "default", name: "hello", path: "/" } as const;
  return {
    uid: `uid-${name}`,
    namespace: "default",
    broker: "default",
    name,
    generation: 1,
    fromSequence: 0,
    paused: false,
    filter: { kind: "everything" },
    subscriber,
    deadLetterSink: undefined,
    policy: {
      retry: 3,
      backoffPolicy: "exponential",
      backoffDelayMs: 200,
      backoffCapMs: 300_000,
      timeoutMs: 600_000,
      retryAfterMaxMs: 300_000,
      format: undefined,
    },
    breaker: { holdMaxMs: 3_600_000 },
    maxInFlight: inFlightMax(subscriber),
    discardReplies: false,
    ...fields,
  };
}
