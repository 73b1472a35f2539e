import { type JetStreamClient, jetstream, jetstreamManager } from "@nats-io/jetstream";
import type { KV, KvEntry } from "@nats-io/kv";
import { headers, type NatsConnection } from "@nats-io/transport-node";
import { type Clock, sleep } from "@rouse/base";
import { isWrongSequence, openBucket, requestTimeoutMs } from "./kv-bucket.ts";
import { NatsLink, unavailable, within } from "./nats-link.ts";
import type { JsonObject } from "./port.ts";
import { RecordTable } from "./record-table.ts";
import type { Register, RegisterRecord } from "./register.ts";

const retryMs = 250;
const deadlineMs = 5_000;
/** How long the end of the bucket may stay out of sight before a barrier is written: its last message may be purged. */
const quietMs = 300;
const barrierKey = "barrier";
/** Of removals, so that processes that came and went leave nothing. */
const markerAgeMs = 3_600_000;
const markersMax = 100;

/** Options of {@link KvRegister.open}. */
export interface KvRegisterOptions {
  /** Stays open when the register closes. */
  readonly connection: NatsConnection;
  readonly clock: Clock;
  /** The installation's name in upper case; default `ROUSE`: the bucket is `<prefix>_INSTANCES`. */
  readonly prefix?: string;
  /** Default 1. */
  readonly replicas?: number;
}

/**
 * A register in a KV bucket of its own, followed by one watch. After each reconnect it is read anew and compared, so that
 * a missed change, a purged marker or a wiped bucket shows too.
 */
export class KvRegister implements Register {
  private readonly options: KvRegisterOptions;
  private readonly bucket: string;
  private readonly link: NatsLink;
  private readonly js: JetStreamClient;
  private readonly table = new RecordTable();
  private readonly onUps = new Set<() => void>();
  private readonly controller = new AbortController();
  private kv: KV | undefined;
  private created = "";
  private complete: number | undefined;
  private seen = 0;
  private onSeen: () => void = () => {};
  private stopWatch: () => void = () => {};

  private constructor(options: KvRegisterOptions) {
    this.options = options;
    this.bucket = `${options.prefix ?? "ROUSE"}_INSTANCES`;
    this.link = new NatsLink(options.connection);
    this.js = jetstream(options.connection, { timeout: requestTimeoutMs });
  }

  /** Opens the bucket, making it when it is missing, and waits until the copy is complete. Throws StoreFault. */
  static async open(options: KvRegisterOptions): Promise<KvRegister> {
    const register = new KvRegister(options);
    const { clock } = options;
    let up = () => {};
    const first = new Promise<void>((resolve) => {
      up = resolve;
    });
    const stop = register.onUp(up);
    void register.run();
    try {
      await within(clock, deadlineMs, "opening the register of instances", (signal) =>
        Promise.race([first, aborted(signal)]),
      );
    } catch (failure) {
      await register[Symbol.asyncDispose]();
      throw failure;
    } finally {
      stop();
    }
    return register;
  }

  get since(): number | undefined {
    return this.link.up ? this.complete : undefined;
  }

  get(key: string): RegisterRecord | undefined {
    return this.table.get(key);
  }

  list(group: string): readonly RegisterRecord[] {
    return this.table.list(group);
  }

  all(): readonly RegisterRecord[] {
    return this.table.all();
  }

  async put(key: string, value: JsonObject, revision: number): Promise<RegisterRecord | undefined> {
    const text = JSON.stringify(value);
    const sequence = await this.write(key, (kv) => kv.put(key, text, { previousSeq: revision }));
    if (sequence === undefined) return undefined;
    const shown = this.table.apply(key, value, sequence, this.options.clock.monotonic());
    // The watch may have been faster, and even have shown a later one.
    return shown.revision === sequence ? shown : { ...shown, value, revision: sequence };
  }

  async remove(key: string, revision: number): Promise<boolean> {
    const marker = headers();
    marker.set("KV-Operation", "DEL");
    const expect = { lastSubjectSequence: revision };
    const sequence = await this.write(
      key,
      async () => (await this.js.publish(`$KV.${this.bucket}.${key}`, "", { headers: marker, expect })).seq,
    );
    if (sequence === undefined) return false;
    this.table.apply(key, undefined, sequence, this.options.clock.monotonic());
    return true;
  }

  async read(key: string): Promise<RegisterRecord | undefined> {
    const kv = this.reachable(`reading ${key}`);
    const entry = await this.link.request(`reading ${key}`, () => kv.get(key));
    if (entry) this.apply(entry);
    else this.table.drop(key, this.options.clock.monotonic());
    return this.table.get(key);
  }

  onChange(listener: (record: RegisterRecord) => void): () => void {
    return this.table.onChange(listener);
  }

  onUp(listener: () => void): () => void {
    this.onUps.add(listener);
    return () => void this.onUps.delete(listener);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.controller.abort(unavailable("the register was closed"));
    this.complete = undefined;
    this.stopWatch();
  }

  /** The sequence written, or undefined where the key was written in between; then the copy is brought up first. */
  private async write(key: string, run: (kv: KV) => Promise<number>): Promise<number | undefined> {
    const kv = this.reachable(`writing ${key}`);
    try {
      return await this.link.request(`writing ${key}`, () => run(kv), isWrongSequence);
    } catch (thrown) {
      if (!isWrongSequence(thrown)) throw thrown;
    }
    await this.read(key);
    return undefined;
  }

  private reachable(what: string): KV {
    if (this.kv === undefined || this.since === undefined) throw unavailable(`${what}: no connection to NATS`);
    return this.kv;
  }

  private async run(): Promise<void> {
    const { clock } = this.options;
    const { signal } = this.controller;
    const stop = this.link.reconnected(() => {
      this.complete = undefined;
      this.stopWatch();
    });
    while (!signal.aborted && !this.link.connection.isClosed()) {
      try {
        const ended = await this.load();
        await ended;
      } catch {
        // Whoever writes hears STORE_UNAVAILABLE meanwhile; the register itself only tries again.
        await sleep(clock, retryMs, signal).catch(() => {});
      }
      this.complete = undefined;
      this.stopWatch();
    }
    stop();
  }

  /** Reads the bucket; resolves, when the copy is complete, to a promise that settles when the watch ends. */
  private async load(): Promise<Promise<void>> {
    const { clock, connection, replicas = 1 } = this.options;
    const kv = await this.link.request("opening the register", () =>
      openBucket(connection, { name: this.bucket, history: 1, replicas }),
    );
    const before = await this.info(kv);
    const fresh = this.created !== "" && this.created !== before.created;
    if (fresh || before.last < this.table.revision) this.forgetAll();
    this.created = before.created;
    this.kv = kv;
    this.seen = 0;
    const shown = new Set<string>();
    const entries = await this.link.request("watching the register", () => kv.watch());
    this.stopWatch = () => entries.stop();
    if (this.controller.signal.aborted) this.stopWatch();
    const old: KvEntry[] = [];
    const ended = (async () => {
      for await (const entry of entries) {
        shown.add(entry.key);
        if (this.complete === undefined && entry.operation !== "PUT") old.push(entry);
        this.apply(entry);
        this.seen = Math.max(this.seen, entry.revision);
        this.onSeen();
      }
    })();
    ended.catch(() => {});
    await this.reached(kv, before.last);
    const now = await this.info(kv);
    await this.reached(kv, now.last);
    for (const { key, revision } of this.table.all()) {
      if (!shown.has(key) && revision <= now.last) this.table.drop(key, clock.monotonic());
    }
    this.complete = clock.monotonic();
    for (const listener of [...this.onUps]) listener();
    void this.tidy(old).catch(() => {});
    return ended;
  }

  private async info(kv: KV): Promise<{ last: number; created: string }> {
    const { streamInfo } = await this.link.request("reading the register", () => kv.status());
    return { last: streamInfo.state.last_seq, created: streamInfo.created };
  }

  private reached(kv: KV, sequence: number): Promise<void> {
    const { clock } = this.options;
    return this.link.request("loading the register", () =>
      within(clock, deadlineMs, "loading the register", async (signal) => {
        const barrier = clock.setTimer(quietMs, () => void kv.put(barrierKey, "{}").catch(() => {}));
        try {
          const done = new Promise<void>((resolve) => {
            this.onSeen = () => {
              if (this.seen >= sequence) resolve();
            };
            this.onSeen();
          });
          await Promise.race([done, aborted(signal), aborted(this.controller.signal)]);
        } finally {
          this.onSeen = () => {};
          barrier.cancel();
        }
      }),
    );
  }

  private apply(entry: KvEntry): void {
    const value = entry.operation === "PUT" ? recordIn(entry) : undefined;
    this.table.apply(entry.key, value, entry.revision, this.options.clock.monotonic());
  }

  private forgetAll(): void {
    for (const { key } of this.table.all()) this.table.drop(key, this.options.clock.monotonic());
    this.table.revision = 0;
  }

  /** Old removals go for good, by their sequence, so that nothing written after them can go with them. */
  private async tidy(removals: readonly KvEntry[]): Promise<void> {
    const until = this.options.clock.now() - markerAgeMs;
    const old = removals.filter((entry) => entry.created.getTime() < until).slice(0, markersMax);
    if (old.length === 0) return;
    const manager = await jetstreamManager(this.options.connection, { timeout: requestTimeoutMs });
    for (const { key, revision } of old) {
      await manager.streams.purge(`KV_${this.bucket}`, { filter: `$KV.${this.bucket}.${key}`, seq: revision + 1 });
    }
  }
}

function aborted(signal: AbortSignal): Promise<never> {
  return new Promise((_resolve, reject) => {
    if (signal.aborted) return reject(signal.reason);
    signal.addEventListener("abort", () => reject(signal.reason), { once: true });
  });
}

/** What is no object counts as removed: whoever needs the key writes over it, and the other records are read all the same. */
function recordIn(entry: KvEntry): JsonObject | undefined {
  try {
    const value: unknown = entry.json();
    return typeof value === "object" && value !== null && !Array.isArray(value) ? (value as JsonObject) : undefined;
  } catch {
    return undefined;
  }
}
