import type { KV, KvWatchEntry } from "@nats-io/kv";
import { type Clock, sleep } from "@rouse/base";
import { StoreFault } from "../errors.ts";
import type { ObjectCache } from "./cache.ts";
import { objectKey, parseKey } from "./keys.ts";
import { type NatsLink, within } from "./nats-link.ts";
import type { JsonObject } from "./port.ts";

/** How long a target may stay out of sight before the feed writes a barrier to see the end of the bucket. */
const quietMs = 300;
const deadlineMs = 5_000;
const retryMs = 250;
const orphanAgeMs = 3_600_000;
const barrierKey = "barrier";

interface Options {
  readonly link: NatsLink;
  readonly clock: Clock;
  readonly cache: ObjectCache;
  /** Opens the bucket; called at each (re)load, so that a bucket that was wiped is made again. */
  readonly open: () => Promise<KV>;
}

/** One pass over the bucket: what was seen in it, to find out afterwards what is gone. */
interface Pass {
  readonly seen: Set<string>;
  readonly statusCreated: Map<string, number>;
}

/**
 * Keeps a cache up with a bucket by one watch. The cache counts as loaded by two targets: the last sequence before the
 * watch, then, when that was seen, the last sequence of that moment (neither the first mark, nor "nothing pending", nor
 * the first target alone is enough while others write). After each reconnect the bucket is read anew and compared, which
 * covers everything that can happen in between: missed changes, purged markers, lost writes, a wiped bucket.
 */
export class KvFeed {
  private readonly options: Options;
  private readonly controller = new AbortController();
  private kv: KV | undefined;
  private created = "";
  private stopWatch: () => void = () => {};
  private ready = newGate();
  private readonly first = newGate();

  constructor(options: Options) {
    this.options = options;
    this.first.promise.catch(() => {});
    void this.run();
  }

  /** Resolves when the cache was complete for the first time. */
  get loaded(): Promise<void> {
    return this.first.promise;
  }

  /** The bucket, once the cache is complete (again). Rejects when NATS is away or the feed is closed. */
  async bucket(): Promise<KV> {
    if (this.controller.signal.aborted) throw this.controller.signal.reason;
    if (!this.ready.open) await this.options.link.request("loading", () => this.waitReady());
    return this.kv!;
  }

  /** Resolves when the cache has seen all up to the sequence that is the bucket's last one now. */
  async fresh(): Promise<number> {
    const { link, cache } = this.options;
    const kv = await this.bucket();
    const status = await link.request("reading the last revision", () => kv.status());
    await this.caughtUp(status.streamInfo.state.last_seq);
    return cache.revision;
  }

  /** Resolves when the cache has seen `sequence`. */
  caughtUp(sequence: number): Promise<void> {
    const { link, cache } = this.options;
    if (cache.revision >= sequence) return Promise.resolve();
    return link.request(`waiting for revision ${sequence}`, () => this.seen(sequence));
  }

  close(): void {
    this.controller.abort(new StoreFault("STORE_CLOSED", "the store was closed"));
    this.first.reject(this.controller.signal.reason);
    this.stopWatch();
  }

  private waitReady(): Promise<void> {
    return within(this.options.clock, deadlineMs, "loading the objects", (signal) =>
      Promise.race([this.ready.promise, rejected(AbortSignal.any([signal, this.controller.signal]))]),
    );
  }

  private async run(): Promise<void> {
    const { link, clock } = this.options;
    const { signal } = this.controller;
    const stop = link.reconnected(() => this.stopWatch());
    while (!signal.aborted && !link.connection.isClosed()) {
      try {
        const ended = await this.load();
        await ended;
      } catch {
        // Whoever waits hears STORE_UNAVAILABLE from the link or from the deadline; the feed itself only tries again.
        await sleep(clock, retryMs, signal).catch(() => {});
      }
      this.stopWatch();
      if (this.ready.open) this.ready = newGate();
    }
    stop();
  }

  /** Reads the bucket; resolves, when complete, to a promise that settles when the watch ends. */
  private async load(): Promise<Promise<void>> {
    const { link, cache, clock, open } = this.options;
    const kv = await link.request("opening the bucket", open);
    this.kv = kv;
    const before = (await link.request("reading the bucket", () => kv.status())).streamInfo;
    const rewound = before.state.last_seq < cache.revision || (this.created !== "" && this.created !== before.created);
    if (rewound) cache.rewind(0);
    this.created = before.created;
    const pass: Pass = { seen: new Set(), statusCreated: new Map() };
    const entries = await this.openWatch(kv);
    this.stopWatch = () => entries.stop();
    if (this.controller.signal.aborted) this.stopWatch();
    const ended = (async () => {
      for await (const entry of entries) this.apply(entry, pass);
    })();
    ended.catch(() => {});
    await this.seen(before.state.last_seq);
    const now = (await link.request("reading the bucket", () => kv.status())).streamInfo.state.last_seq;
    await this.seen(now);
    this.dropUnseen(pass, now);
    if (rewound || !this.first.open) cache.startHistory();
    this.first.resolve();
    this.ready.resolve();
    await this.sweepOrphans(kv, pass, clock.now());
    return ended;
  }

  /** A watch that comes up after the connection was given up would never be read: it is stopped. */
  private async openWatch(kv: KV): ReturnType<KV["watch"]> {
    const opening = kv.watch();
    try {
      return await this.options.link.request("watching", () => opening);
    } catch (failure) {
      opening.then(
        (late) => late.stop(),
        () => {},
      );
      throw failure;
    }
  }

  /** Waits for `sequence`; when the bucket stays quiet its last message may be gone: a barrier then shows the end. */
  private async seen(sequence: number): Promise<void> {
    const { cache, clock } = this.options;
    await within(clock, deadlineMs, `waiting for revision ${sequence}`, async (signal) => {
      const quiet = clock.setTimer(quietMs, () => {
        void this.kv?.put(barrierKey, "").catch(() => {});
      });
      try {
        await cache.reached(sequence, AbortSignal.any([signal, this.controller.signal]));
      } finally {
        quiet.cancel();
      }
    });
  }

  private apply(entry: KvWatchEntry, pass: Pass): void {
    const { cache } = this.options;
    const { revision } = entry;
    const key = parseKey(entry.key);
    const present = entry.operation === "PUT";
    if (present) pass.seen.add(entry.key);
    switch (key.kind) {
      case "object":
        if (present) cache.putObject(key.id, parseObject(entry), revision);
        else cache.dropObject(key.id, revision);
        break;
      case "status":
        if (present) pass.seen.add(key.uid);
        if (present && !this.ready.open) pass.statusCreated.set(entry.key, entry.created.getTime());
        cache.putStatus(key.uid, present ? parseObject(entry) : undefined, revision);
        break;
      case "other":
        cache.advance(revision);
        break;
      default:
        key satisfies never;
    }
  }

  /** What the cache holds and the bucket does not was removed without a marker that we could see. */
  private dropUnseen(pass: Pass, revision: number): void {
    const { cache } = this.options;
    const known = cache.known();
    for (const id of known.objects) if (!pass.seen.has(objectKey(id))) cache.dropObject(id, revision);
    for (const uid of known.statuses) if (!pass.seen.has(uid)) cache.putStatus(uid, undefined, revision);
  }

  /** A crash between the removal of an object and that of its status leaves the status behind; nobody asks for it. */
  private async sweepOrphans(kv: KV, pass: Pass, now: number): Promise<void> {
    const owned = new Set(this.options.cache.list().map((entry) => entry.uid));
    for (const [key, createdAt] of pass.statusCreated) {
      const parsed = parseKey(key);
      if (parsed.kind !== "status" || owned.has(parsed.uid) || createdAt > now - orphanAgeMs) continue;
      await kv.purge(key);
    }
    pass.statusCreated.clear();
  }
}

function parseObject(entry: KvWatchEntry): JsonObject {
  try {
    const value: unknown = entry.json();
    return typeof value === "object" && value !== null && !Array.isArray(value) ? (value as JsonObject) : {};
  } catch {
    // Someone wrote by hand: an empty object shows up as invalid, where a throw would stop the feed for all.
    return {};
  }
}

interface Gate {
  readonly promise: Promise<void>;
  open: boolean;
  resolve(): void;
  reject(reason: unknown): void;
}

function newGate(): Gate {
  let resolve!: () => void;
  let reject!: (reason: unknown) => void;
  const promise = new Promise<void>((ok, no) => {
    resolve = ok;
    reject = no;
  });
  const gate: Gate = {
    promise,
    open: false,
    resolve: () => {
      gate.open = true;
      resolve();
    },
    reject,
  };
  return gate;
}

function rejected(signal: AbortSignal): Promise<never> {
  return new Promise((_, reject) => {
    signal.addEventListener("abort", () => reject(signal.reason), { once: true });
  });
}
