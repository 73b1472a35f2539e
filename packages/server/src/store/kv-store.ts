import { isDeepStrictEqual } from "node:util";
import { jetstream } from "@nats-io/jetstream";
import type { KV } from "@nats-io/kv";
import { headers, type NatsConnection } from "@nats-io/transport-node";
import type { Clock } from "@rouse/base";
import { StoreFault } from "../errors.ts";
import { asStored, ObjectCache, toStored, uidOf } from "./cache.ts";
import { objectKey, statusKey } from "./keys.ts";
import { isWrongSequence, openBucket, requestTimeoutMs } from "./kv-bucket.ts";
import { KvFeed } from "./kv-feed.ts";
import { NatsLink } from "./nats-link.ts";
import type {
  Change,
  CreateOutcome,
  Entry,
  JsonObject,
  ObjectId,
  Preconditions,
  RemoveOutcome,
  Selection,
  StatusOutcome,
  Store,
  UpdateOutcome,
  WatchOptions,
  WatchStart,
} from "./port.ts";

/** The format of keys and values in the bucket; a newer one is refused. */
const format = 1;
const attemptsMax = 20;
/** Room in a message for its subject and headers. */
const envelopeBytes = 2_048;

/** Options of {@link KvStore.open}. */
export interface KvStoreOptions {
  /** Stays open when the store closes. */
  readonly connection: NatsConnection;
  readonly clock: Clock;
  /** The installation's name in upper case; default `ROUSE`: the bucket is `<prefix>_OBJECTS`. */
  readonly prefix?: string;
  /** Default 1. */
  readonly replicas?: number;
}

/**
 * Objects in one JetStream KV bucket for all kinds, cached whole. Revisions are the bucket's stream sequences; a write
 * answers when this store's own watch has shown it.
 */
export class KvStore implements Store {
  private readonly connection: NatsConnection;
  private readonly link: NatsLink;
  private readonly cache = new ObjectCache();
  private readonly feed: KvFeed;
  private readonly name: string;

  private constructor(options: KvStoreOptions, link: NatsLink) {
    const bucket = { name: `${options.prefix ?? "ROUSE"}_OBJECTS`, history: 8, replicas: options.replicas ?? 1 };
    this.connection = options.connection;
    this.name = bucket.name;
    this.link = link;
    const open = async () => {
      const kv = await openBucket(options.connection, bucket);
      if (!(await kv.get("format"))) await kv.put("format", String(format));
      return kv;
    };
    this.feed = new KvFeed({ link, clock: options.clock, cache: this.cache, open });
  }

  /** Opens the bucket, making it when it is missing, and waits until the cache is complete. */
  static async open(options: KvStoreOptions): Promise<KvStore> {
    const store = new KvStore(options, new NatsLink(options.connection));
    try {
      await store.checkFormat();
      await store.loaded;
    } catch (failure) {
      await store[Symbol.asyncDispose]();
      throw failure;
    }
    return store;
  }

  get loaded(): Promise<void> {
    return this.feed.loaded;
  }

  get revision(): number {
    return this.cache.revision;
  }

  get available(): boolean {
    return this.link.up;
  }

  get(id: ObjectId): Entry | undefined {
    return this.cache.get(id);
  }

  list(selection?: Selection): Entry[] {
    return this.cache.list(selection);
  }

  fresh(): Promise<number> {
    return this.feed.fresh();
  }

  async create(id: ObjectId, object: JsonObject): Promise<CreateOutcome> {
    const stored = toStored(object);
    const text = this.encode(id, stored);
    const revision = await this.write((kv) => kv.create(objectKey(id), text));
    if (revision !== undefined) return { kind: "written", entry: this.written(id, stored, revision) };
    await this.fresh();
    return { kind: "exists", current: this.cache.get(id) };
  }

  async update(id: ObjectId, object: JsonObject, expected: number): Promise<UpdateOutcome> {
    let current = this.cache.get(id);
    if (!current || expected > this.cache.revision) {
      await this.fresh();
      current = this.cache.get(id);
    }
    if (!current) return { kind: "missing" };
    if (current.objectRevision > expected) return { kind: "conflict", current };
    const stored = toStored(object);
    const text = this.encode(id, stored);
    const previousSeq = current.objectRevision;
    const revision = await this.write((kv) => kv.put(objectKey(id), text, { previousSeq }));
    if (revision !== undefined) return { kind: "written", entry: this.written(id, stored, revision) };
    await this.fresh();
    current = this.cache.get(id);
    return current ? { kind: "conflict", current } : { kind: "missing" };
  }

  async remove(id: ObjectId, preconditions: Preconditions = {}): Promise<RemoveOutcome> {
    for (let attempt = 1; attempt <= attemptsMax; attempt++) {
      await this.fresh();
      const current = this.cache.get(id);
      if (!current) return { kind: "missing" };
      const { uid = current.uid, revision = current.objectRevision } = preconditions;
      if (uid !== current.uid || revision < current.objectRevision) return { kind: "conflict", current };
      const deletion = await this.write(() => this.mark(objectKey(id), "DEL", current.objectRevision));
      if (deletion === undefined) continue;
      await this.dropStatus(current);
      return { kind: "removed", entry: { ...current, revision: deletion } };
    }
    throw busy(id);
  }

  async updateStatus(
    id: ObjectId,
    uid: string,
    change: (present: JsonObject | undefined) => JsonObject,
  ): Promise<StatusOutcome> {
    const key = statusKey(id, id.namespace, uid);
    for (let attempt = 1; attempt <= attemptsMax; attempt++) {
      const present = this.cache.statusOf(uid);
      const next = asStored(change(present?.status));
      if (isDeepStrictEqual(next, present?.status)) return { kind: "unchanged" };
      const text = this.encode(id, next);
      const previousSeq = present?.revision ?? 0;
      const revision = await this.write((kv) => kv.put(key, text, { previousSeq }));
      if (revision !== undefined) return { kind: "written", revision };
      await this.fresh();
      // Refused, and yet there is no status: the key holds the marker of a removal, and a uid never comes back.
      if (!present && !this.cache.statusOf(uid)) return { kind: "missing" };
    }
    throw busy(id);
  }

  watch(options: WatchOptions, listener: (change: Change) => void): WatchStart {
    return this.cache.watch(options, listener);
  }

  reached(revision: number, signal?: AbortSignal): Promise<void> {
    return this.cache.reached(revision, signal);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.feed.close();
  }

  /** A conditional write: its revision once the cache shows it, undefined when another write came first. */
  private async write(run: (kv: KV) => Promise<number>): Promise<number | undefined> {
    const kv = await this.feed.bucket();
    try {
      const revision = await this.link.request("writing", () => run(kv), isWrongSequence);
      await this.feed.caughtUp(revision);
      return revision;
    } catch (thrown) {
      if (isWrongSequence(thrown)) return undefined;
      throw thrown;
    }
  }

  /** A delete marker; the KV client's own delete does not tell its revision. */
  private async mark(key: string, operation: "DEL" | "PURGE", previousSeq?: number): Promise<number> {
    const fields = headers();
    fields.set("KV-Operation", operation);
    if (operation === "PURGE") fields.set("Nats-Rollup", "sub");
    if (previousSeq !== undefined) fields.set("Nats-Expected-Last-Subject-Sequence", String(previousSeq));
    const js = jetstream(this.connection, { timeout: requestTimeoutMs });
    return (await js.publish(`$KV.${this.name}.${key}`, new Uint8Array(), { headers: fields })).seq;
  }

  /** The marker is written even without a status, lest a late reconciler writes one for an object that is gone. */
  private async dropStatus(entry: Entry): Promise<void> {
    const key = statusKey(entry.id, entry.id.namespace, entry.uid);
    try {
      await this.write(() => this.mark(key, "PURGE"));
    } catch {
      // The object is removed, which is what was asked; a status left behind is swept when a process starts.
    }
  }

  private written(id: ObjectId, object: JsonObject, revision: number): Entry {
    const entry = this.cache.get(id);
    if (entry?.objectRevision === revision) return entry;
    // Written again in the meantime: answer with what this call stored.
    return { id, uid: uidOf(object), object, status: entry?.status, objectRevision: revision, revision };
  }

  private encode(id: ObjectId, value: JsonObject): string {
    const text = JSON.stringify(value);
    const bytes = Buffer.byteLength(text);
    const bytesMax = (this.connection.info?.max_payload ?? 1_048_576) - envelopeBytes;
    if (bytes <= bytesMax) return text;
    throw new StoreFault(
      "STORE_OBJECT_TOO_LARGE",
      `expected ${id.plural} "${id.name}" to take at most ${bytesMax} bytes, it takes ${bytes}`,
      { hint: "make the object smaller, or raise max_payload of the nats-server" },
    );
  }

  private async checkFormat(): Promise<void> {
    const kv = await this.feed.bucket();
    const entry = await this.link.request("reading the format", () => kv.get("format"));
    if (!entry || Number(entry.string()) <= format) return;
    throw new StoreFault(
      "STORE_FORMAT_NEWER",
      `the objects are stored in format ${entry.string()}, this version knows format ${format}`,
      { hint: "start the newer version again, or point this one at another prefix" },
    );
  }
}

function busy(id: ObjectId): StoreFault {
  return new StoreFault("STORE_BUSY", `${id.plural} "${id.name}" was written by others ${attemptsMax} times in a row`, {
    hint: "repeat; if it stays, look for two writers that undo each other",
  });
}
