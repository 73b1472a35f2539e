import { ManualClock } from "@rouse/base";
import { kafkaSourceKind } from "@rouse/resources";
import type { Source } from "@rouse/sources";
import { pino } from "pino";
import { expect, test } from "vitest";
import { MemoryStore } from "../../store/memory-store.ts";
import type { Entry } from "../../store/port.ts";
import { DestinationResolver } from "../destination-resolver.ts";
import { Objects, types } from "../objects.ts";
import type { OpenBrokers } from "../open-brokers.ts";
import { holds, StatusWriter } from "../status-writer.ts";
import { SourceHost, type SourceObject } from "./source-host.ts";

const { group, plural } = kafkaSourceKind;
const id = { group, plural, namespace: "shop", name: "orders" };
const sink = { ref: { apiVersion: "eventing.knative.dev/v1", kind: "Broker", name: "main" } };

/** A source that only tells; it says so when it closes, as real ones do, and closes when it may. */
class TellingSource implements Source<number> {
  lag = 0;
  started = false;
  closed = false;
  mayClose: Promise<void> = Promise.resolve();
  readonly changed: () => void;

  constructor(changed: () => void) {
    this.changed = changed;
  }

  start(): void {
    this.started = true;
  }

  status(): number {
    return this.lag;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.mayClose;
    this.closed = true;
    this.changed();
  }
}

function rig() {
  const clock = new ManualClock();
  const store = new MemoryStore({ clock });
  const addresses = { dataPlaneUrl: "http://127.0.0.1:8080", adminUrl: "http://127.0.0.1:8081" };
  const logger = pino({ level: "silent" });
  const secrets = { all: async () => new Map<string, Buffer>() };
  const state = { missing: undefined as string | undefined };
  /** A process: its host, and the sources that it made. */
  const processOf = () => {
    const statuses = new StatusWriter(store, clock, logger);
    const made: TellingSource[] = [];
    const host = new SourceHost<SourceObject, object, TellingSource>(
      {
        definition: kafkaSourceKind as never,
        define: (entry) => {
          if (state.missing !== undefined) throw new Error(state.missing);
          return { uid: entry.uid, spec: entry.object.spec };
        },
        open: (_definition, { changed }) => {
          const source = new TellingSource(changed);
          made.push(source);
          return source;
        },
        describe: (source) => ({ conditions: [holds("ConnectionEstablished")], fields: { lag: source.lag } }),
      },
      {
        brokers: {} as OpenBrokers,
        resolver: new DestinationResolver(new Objects(store), addresses),
        statuses,
        clock,
        logger,
        secrets,
        redact: (text) => text,
        changed: () => undefined,
      },
    );
    host.start();
    return { host, made, statuses };
  };
  const put = async (spec: object = {}) => {
    const object = {
      apiVersion: "sources.knative.dev/v1",
      kind: "KafkaSource",
      metadata: { uid: "u1", name: "orders", namespace: "shop" },
      spec: { sink, ...spec },
    } as unknown as Entry["object"];
    const present = store.get(id);
    if (present) await store.update(id, object, present.revision);
    else await store.create(id, object);
    return store.get(id)!;
  };
  const ready = () => {
    const status = store.get(id)?.status as { conditions: { type: string; status: string; message?: string }[] };
    const { status: is, message } = status.conditions.find(({ type }) => type === "Ready")!;
    return { is, message };
  };
  const broker = { metadata: { uid: "main", name: "main", namespace: "shop" }, spec: {} };
  const addBroker = () => store.create({ ...types.broker, namespace: "shop", name: "main" }, broker);
  return { clock, store, state, processOf, put, ready, addBroker };
}

test("source host: a source that was stopped because something is missing does not become ready by having closed", async () => {
  const { clock, state, processOf, put, ready, addBroker } = rig();
  await addBroker();
  const { host, made } = processOf();
  await host.apply(await put());
  await clock.advance(3_000);
  expect(ready().is).toBe("True");
  state.missing = "there is no secret";
  await host.apply(await put());
  await clock.advance(10_000);
  expect([made[0]!.closed, ready()]).toEqual([true, { is: "False", message: "there is no secret" }]);
  state.missing = undefined;
  await host.apply(await put());
  await clock.advance(3_000);
  expect(ready().is).toBe("True");
  await host.close();
});

test("source host: two processes do not overwrite each other's numbers over and over while nothing changes", async () => {
  const { clock, store, processOf, put, addBroker } = rig();
  await addBroker();
  const processes = [processOf(), processOf()];
  const entry = await put();
  for (const [index, { host, made }] of processes.entries()) {
    await host.apply(entry);
    made[0]!.lag = 10 * (index + 1);
  }
  await clock.advance(0);
  const writes: number[] = [];
  store.watch({}, () => writes.push(clock.monotonic()));
  for (let looked = 0; looked < 10; looked += 1) {
    for (const { made } of processes) made[0]!.changed();
    await clock.advance(5_000);
  }
  expect(writes.length).toBeLessThanOrEqual(2);
  for (let looked = 0; looked < 10; looked += 1) {
    processes[0]!.made[0]!.changed();
    await clock.advance(5_000);
  }
  // What another process said last does not stand for ever.
  expect(store.get(id)?.status).toMatchObject({ lag: 10 });
  for (const { host } of processes) await host.close();
});

test("source host: removing a source that drains slowly does not hold up others, and the next of its name waits", async () => {
  const { clock, store, processOf, put, addBroker } = rig();
  await addBroker();
  const { host, made } = processOf();
  host.start();
  const entry = await put();
  await host.apply(entry);
  let mayClose: () => void = () => undefined;
  made[0]!.mayClose = new Promise((resolve) => {
    mayClose = resolve;
  });
  await store.remove(id);
  host.remove(entry);
  expect(made[0]!.closed).toBe(false);
  await host.apply(await put());
  await clock.advance(0);
  expect(made.map((each) => each.started)).toEqual([true, false]);
  mayClose();
  await clock.advance(0);
  expect(made.map(({ started, closed }) => ({ started, closed }))).toEqual([
    { started: true, closed: true },
    { started: true, closed: false },
  ]);
  await host.close();
});
