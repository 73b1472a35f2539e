import type { KV } from "@nats-io/kv";
import type { NatsConnection } from "@nats-io/transport-node";
import type { TickLedger, TickRecord } from "@rouse/sources";
import { isWrongSequence, openBucket } from "./kv-bucket.ts";
import { NatsLink } from "./nats-link.ts";

/** Tick records in memory: one process, and nothing survives it. */
export class MemoryTickLedger implements TickLedger {
  private readonly records = new Map<string, TickRecord>();

  async read(uid: string): Promise<TickRecord | undefined> {
    return this.records.get(uid);
  }

  async write(uid: string, lastTick: number, revision: number | undefined): Promise<boolean> {
    const present = this.records.get(uid);
    if (present?.revision !== revision) return false;
    this.records.set(uid, { lastTick, revision: (revision ?? 0) + 1 });
    return true;
  }
}

/** Options of {@link KvTickLedger.open}. */
export interface KvTickLedgerOptions {
  /** Stays open. */
  readonly connection: NatsConnection;
  /** Default `ROUSE`: the bucket is `<prefix>_TICKS`. */
  readonly prefix?: string;
  /** Default 1. */
  readonly replicas?: number;
}

/**
 * Tick records in a KV bucket of their own: their churn would age the watches of objects.
 * Both methods reject with `STORE_UNAVAILABLE` when NATS is away. There is nothing to dispose of.
 */
export class KvTickLedger implements TickLedger {
  private readonly kv: KV;
  private readonly link: NatsLink;

  private constructor(kv: KV, link: NatsLink) {
    this.kv = kv;
    this.link = link;
  }

  static async open(options: KvTickLedgerOptions): Promise<KvTickLedger> {
    const link = new NatsLink(options.connection);
    const bucket = { name: `${options.prefix ?? "ROUSE"}_TICKS`, history: 1, replicas: options.replicas ?? 1 };
    const kv = await link.request("opening the ticks", () => openBucket(options.connection, bucket));
    return new KvTickLedger(kv, link);
  }

  async read(uid: string): Promise<TickRecord | undefined> {
    const entry = await this.link.request("reading the last tick", () => this.kv.get(uid));
    if (entry?.operation !== "PUT") return undefined;
    return { lastTick: entry.json<{ lastTick: number }>().lastTick, revision: entry.revision };
  }

  async write(uid: string, lastTick: number, revision: number | undefined): Promise<boolean> {
    const text = JSON.stringify({ lastTick });
    const put = () =>
      revision === undefined ? this.kv.create(uid, text) : this.kv.put(uid, text, { previousSeq: revision });
    try {
      await this.link.request("writing the last tick", put, isWrongSequence);
      return true;
    } catch (thrown) {
      if (isWrongSequence(thrown)) return false;
      throw thrown;
    }
  }
}
