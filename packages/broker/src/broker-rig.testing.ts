import { ManualClock } from "@rouse/base";
import { type CloudEvent, createEvent } from "@rouse/events";
import { type Broker, type BrokerOptions, openBroker } from "./broker.ts";
import type { Delivery, Verdict } from "./delivery.ts";
import type { StoredDeadRecord } from "./format/dead-record.ts";
import type { JournalEntry } from "./journal.ts";
import type { Engine } from "./log/engine.ts";
import { createMemoryEngine } from "./log/memory-engine.ts";
import { mortalEngine } from "./mortal-engine.testing.ts";
import type { Capacity, Configuration, Matcher, Route } from "./route.ts";

/** A route that takes events whose type is in `types`; all when absent. */
export interface TestRoute extends Route {
  readonly types?: readonly string[];
}

export function route(uid: string, change: Partial<TestRoute> = {}): TestRoute {
  return {
    uid,
    name: `trigger-${uid}`,
    fromSequence: 0,
    paused: false,
    target: `url:${uid}`,
    deadLetterTarget: undefined,
    maxInFlight: 64,
    ...change,
  };
}

export function event(id: string, type = "com.example.test", data = `data of ${id}`): CloudEvent {
  return createEvent({ id, source: "/test", type, datacontenttype: "text/plain" }, Buffer.from(data));
}

export class TestMatcher implements Matcher<TestRoute> {
  readonly routes = new Map<string, TestRoute>();

  constructor(routes: readonly TestRoute[]) {
    for (const one of routes) this.routes.set(one.uid, one);
  }

  match(found: CloudEvent, addressee: string | undefined): readonly TestRoute[] {
    return [...this.routes.values()].filter((one) =>
      addressee === undefined ? (one.types?.includes(found.attributes.type) ?? true) : one.uid === addressee,
    );
  }

  find(uid: string): TestRoute | undefined {
    return this.routes.get(uid);
  }
}

export class TestConfiguration implements Configuration {
  revision = 1;
  loaded = true;
  private readonly listeners = new Set<() => void>();
  private readonly clock: ManualClock | undefined;

  constructor(clock?: ManualClock) {
    this.clock = clock;
  }

  reached(revision: number, timeoutMs: number): Promise<boolean> {
    if (this.revision >= revision) return Promise.resolve(true);
    return new Promise((resolve) => {
      const stop = this.onChange(() => {
        if (this.revision >= revision) resolve(true);
      });
      this.clock?.setTimer(timeoutMs, () => {
        stop();
        resolve(this.revision >= revision);
      });
    });
  }

  onChange(listener: () => void): () => void {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  }

  set(change: { revision?: number; loaded?: boolean }): void {
    Object.assign(this, change);
    for (const listener of [...this.listeners]) listener();
  }
}

export class TestCapacity implements Capacity {
  readonly slots = new Map<string, number>();
  readonly coldTargets = new Set<string>();
  readonly woken: string[] = [];
  backlog?: (target: string, owner: string, count: number) => void;
  private readonly listeners = new Set<(target: string) => void>();

  free(target: string): number {
    return this.coldTargets.has(target) ? 0 : (this.slots.get(target) ?? 64);
  }

  cold(target: string): boolean {
    return this.coldTargets.has(target);
  }

  anyCold(): boolean {
    return this.coldTargets.size > 0;
  }

  wake(target: string): void {
    this.woken.push(target);
  }

  onChange(listener: (target: string) => void): () => void {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  }

  changed(target: string): void {
    for (const listener of [...this.listeners]) listener(target);
  }
}

export type TestDeliver = (delivery: Delivery<TestRoute>, signal: AbortSignal) => Promise<Verdict> | Verdict;

export interface Rig extends AsyncDisposable {
  readonly clock: ManualClock;
  readonly engine: Engine;
  readonly broker: Broker<TestRoute>;
  readonly matcher: TestMatcher;
  readonly configuration: TestConfiguration;
  readonly capacity: TestCapacity;
  readonly journal: JournalEntry[];
  /** Every attempt made, in order. */
  readonly attempts: Delivery<TestRoute>[];
  /** `<event id>:<trigger uid>:<attempt>` of every attempt; a `d` before the number at the dead-letter sink. */
  readonly trace: string[];
  deliver: TestDeliver;
  dead(triggerUid?: string): Promise<StoredDeadRecord[]>;
  /** Lets everything run that waits for nothing but its turn. */
  settle(): Promise<void>;
  /** A second process on the same engine. */
  another(change?: RigOptions): Promise<Rig>;
  /** The process ends without any farewell: nothing more of it is heard. */
  kill(): void;
}

export interface RigOptions {
  readonly routes?: readonly TestRoute[];
  readonly deliver?: TestDeliver;
  readonly engine?: Engine;
  readonly clock?: ManualClock;
  readonly loaded?: boolean;
  readonly change?: Partial<BrokerOptions<TestRoute>>;
  readonly coldTargets?: readonly string[];
  readonly seed?: number;
}

export const accept: TestDeliver = () => ({ kind: "done" });

export function traceOf(delivery: Delivery<TestRoute>): string {
  const attempt = `${delivery.stage === "dead-letter" ? "d" : ""}${delivery.attempt}`;
  return `${delivery.event.attributes.id}:${delivery.route.uid}:${attempt}`;
}

export async function startRig(options: RigOptions = {}): Promise<Rig> {
  const clock = options.clock ?? new ManualClock();
  const engine = options.engine ?? createMemoryEngine({ clock });
  const process = mortalEngine(engine);
  const matcher = new TestMatcher(options.routes ?? [route("a")]);
  const configuration = new TestConfiguration(clock);
  configuration.loaded = options.loaded ?? true;
  const capacity = new TestCapacity();
  for (const target of options.coldTargets ?? []) capacity.coldTargets.add(target);
  const journal: JournalEntry[] = [];
  const attempts: Delivery<TestRoute>[] = [];
  const trace: string[] = [];
  let killed = false;
  const never = new Promise<never>(() => {});
  const broker = await openBroker<TestRoute>({
    engine: process,
    clock,
    random: () => (options.seed ?? 1) / 1000,
    namespace: "default",
    name: "default",
    matcher,
    configuration,
    capacity,
    journal: (entry) => journal.push(entry),
    deliver: async (delivery, signal) => {
      if (killed) return await never;
      attempts.push(delivery);
      trace.push(traceOf(delivery));
      const verdict = await rig.deliver(delivery, signal);
      return killed ? await never : verdict;
    },
    ...options.change,
  });
  const rig: Rig = {
    clock,
    engine,
    broker,
    matcher,
    configuration,
    capacity,
    journal,
    attempts,
    trace,
    deliver: options.deliver ?? accept,
    async dead(triggerUid) {
      const records: StoredDeadRecord[] = [];
      for await (const record of broker.dead.list(triggerUid)) records.push(record);
      return records;
    },
    async settle() {
      for (let n = 0; n < 5; n++) await clock.advance(0);
    },
    another: (change) =>
      startRig({ routes: [...matcher.routes.values()], engine, clock, seed: 2, deliver: rig.deliver, ...change }),
    kill() {
      killed = true;
      process.kill();
    },
    async [Symbol.asyncDispose]() {
      let closed = false;
      const closing = broker[Symbol.asyncDispose]().then(() => {
        closed = true;
      });
      for (let n = 0; n < 200 && !closed; n++) await clock.advance(100);
      await closing;
      if (!options.engine) await engine[Symbol.asyncDispose]();
    },
  };
  await rig.settle();
  return rig;
}
