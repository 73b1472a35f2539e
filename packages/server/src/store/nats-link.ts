import type { NatsConnection } from "@nats-io/transport-node";
import { type Clock, messageOf } from "@rouse/base";
import { StoreFault } from "../errors.ts";

/**
 * Whether NATS can be reached, so that requests are refused at once instead of running into the client's time-out.
 * Follows the connection until that closes; has nothing to dispose of.
 */
export class NatsLink {
  readonly connection: NatsConnection;
  private connected = true;
  private readonly onDown = new Set<(fault: StoreFault) => void>();
  private readonly onUp = new Set<() => void>();

  constructor(connection: NatsConnection) {
    this.connection = connection;
    this.connected = !connection.isClosed();
    void this.follow();
  }

  /** False while the connection is known to be lost. */
  get up(): boolean {
    return this.connected && !this.connection.isClosed();
  }

  /** Calls `listener` after each reconnect; returns how to stop that. */
  reconnected(listener: () => void): () => void {
    this.onUp.add(listener);
    return () => void this.onUp.delete(listener);
  }

  /**
   * Runs a request. Rejects with `STORE_UNAVAILABLE` at once when the connection is down, as soon as it goes down, and
   * when the request fails for another reason than `expected` names; the promise then settles unheard.
   */
  request<T>(what: string, run: () => Promise<T>, expected: (thrown: unknown) => boolean = () => false): Promise<T> {
    return new Promise<T>((resolve, reject) => {
      if (!this.up) return reject(unavailable(`${what}: no connection to NATS`));
      const settle = (act: () => void) => {
        this.onDown.delete(fail);
        act();
      };
      const fail = (fault: StoreFault) => settle(() => reject(fault));
      this.onDown.add(fail);
      run().then(
        (value) => settle(() => resolve(value)),
        (thrown) =>
          settle(() => {
            const own = thrown instanceof StoreFault || expected(thrown);
            reject(own ? thrown : unavailable(`${what}: ${messageOf(thrown)}`, thrown));
          }),
      );
    });
  }

  private async follow(): Promise<void> {
    for await (const status of this.connection.status()) {
      if (status.type === "disconnect" || status.type === "close") this.down();
      else if (status.type === "reconnect") {
        this.connected = true;
        for (const listener of [...this.onUp]) listener();
      }
    }
    this.down();
  }

  private down(): void {
    this.connected = false;
    const fault = unavailable("the connection to NATS was lost; a write in flight may or may not have been stored");
    for (const fail of [...this.onDown]) fail(fault);
  }
}

/** Rejects with `STORE_UNAVAILABLE` when `wait` is not done within `deadlineMs`; aborts the signal it gave to it. */
export async function within<T>(
  clock: Clock,
  deadlineMs: number,
  what: string,
  wait: (signal: AbortSignal) => Promise<T>,
): Promise<T> {
  const controller = new AbortController();
  const timer = clock.setTimer(deadlineMs, () =>
    controller.abort(unavailable(`${what}: nothing within ${deadlineMs} ms`)),
  );
  try {
    return await wait(controller.signal);
  } finally {
    timer.cancel();
  }
}

/** The fault for a storage that does not answer. */
export function unavailable(message: string, cause?: unknown): StoreFault {
  return new StoreFault("STORE_UNAVAILABLE", `the object store cannot be reached: ${message}`, {
    hint: "repeat when NATS is back: writes are conditional, so a repeat cannot store twice",
    ...(cause === undefined ? {} : { cause }),
  });
}
