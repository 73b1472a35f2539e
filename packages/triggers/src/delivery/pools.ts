import type { Clock, Timer } from "@rouse/base";
import { Pool } from "undici";

interface Entry {
  readonly pool: Pool;
  borrowed: number;
  /** When it was given back last, by the monotonic clock. */
  idleSince: number;
}

/** A pool in use; `giveBack` must be called once. */
export interface BorrowedPool {
  readonly pool: Pool;
  giveBack(): void;
}

/** Time a connection is kept without use; below the five seconds after which Node's own server closes it. */
const keepAliveMs = 4_000;
const connectTimeoutMs = 10_000;
/** A pool that nobody used this long is closed: instances come and go, each with an origin of its own. */
const idleMs = 60_000;

/**
 * Connections, in a pool of its own for each trigger and origin, so that a slow subscriber takes none from another
 * trigger. Closing cuts every connection.
 */
export class Pools implements AsyncDisposable {
  private readonly clock: Clock;
  private readonly entries = new Map<string, Entry>();
  private sweep: Timer | undefined;
  private closed = false;

  constructor(clock: Clock) {
    this.clock = clock;
  }

  /** True once closing has begun: nothing may be borrowed any more. */
  get isClosed(): boolean {
    return this.closed;
  }

  /** How many pools there are. */
  get size(): number {
    return this.entries.size;
  }

  /**
   * The pool of an owner (a trigger's uid) for an origin, made when there is none.
   * @param connections the most connections at once; requests beyond wait for one.
   */
  borrow(owner: string, origin: string, connections: number): BorrowedPool {
    const key = `${owner} ${connections} ${origin}`;
    let entry = this.entries.get(key);
    if (entry === undefined) {
      entry = { pool: openPool(origin, connections), borrowed: 0, idleSince: this.clock.monotonic() };
      this.entries.set(key, entry);
      this.schedule();
    }
    const borrowed = entry;
    borrowed.borrowed += 1;
    return {
      pool: borrowed.pool,
      giveBack: () => {
        borrowed.borrowed -= 1;
        borrowed.idleSince = this.clock.monotonic();
      },
    };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.closed = true;
    this.sweep?.cancel();
    const pools = [...this.entries.values()].map(({ pool }) => pool);
    this.entries.clear();
    await Promise.all(pools.map((pool) => pool.destroy()));
  }

  private schedule(): void {
    if (this.sweep !== undefined || this.closed) return;
    this.sweep = this.clock.setTimer(idleMs, () => {
      this.sweep = undefined;
      this.closeIdle();
      if (this.entries.size > 0) this.schedule();
    });
  }

  private closeIdle(): void {
    const now = this.clock.monotonic();
    for (const [key, { pool, borrowed, idleSince }] of this.entries) {
      if (borrowed > 0 || now - idleSince < idleMs) continue;
      this.entries.delete(key);
      void pool.destroy();
    }
  }
}

function openPool(origin: string, connections: number): Pool {
  return new Pool(origin, {
    connections: Math.max(1, connections),
    pipelining: 1,
    keepAliveTimeout: keepAliveMs,
    // The attempt's own timer, on the injected clock, limits headers and body.
    headersTimeout: 0,
    bodyTimeout: 0,
    connect: { timeout: connectTimeoutMs },
  });
}
