import type { NatsConnection, Status } from "@nats-io/transport-node";
import { LogFault } from "../../errors.ts";

/** What the parts of the engine share: the connection and whether it is up. States: up ⇄ down → closed. */
export class Link {
  readonly connection: NatsConnection;
  private readonly statuses: AsyncIterable<Status> & { stop?(): void };
  private readonly onDown = new Set<() => void>();
  private readonly onUp = new Set<() => void>();
  private readonly later: (run: () => void) => void;
  private batch: Parameters<NatsConnection["publish"]>[] = [];
  private up = true;
  private closed = false;

  /** @param later runs what is handed to it when the input that came together has been worked on. */
  constructor(connection: NatsConnection, later: (run: () => void) => void = setImmediate) {
    this.connection = connection;
    this.later = later;
    this.statuses = connection.status();
    void this.follow();
  }

  get connected(): boolean {
    return this.up && !this.closed && !this.connection.isClosed();
  }

  get isClosed(): boolean {
    return this.closed;
  }

  /** The largest message that the connected server takes, in bytes. */
  get maxMessageBytes(): number {
    return this.connection.info?.max_payload ?? 1024 * 1024;
  }

  /** Throws LOG_UNAVAILABLE while the server cannot be reached. */
  assertConnected(): void {
    if (!this.connected) throw this.fault();
  }

  /** The fault of everything that cannot be done now. */
  fault(): LogFault {
    const why = this.closed || this.connection.isClosed() ? "the connection is closed" : "the connection is lost";
    return new LogFault("LOG_UNAVAILABLE", `expected a connection to NATS, ${why}`, {
      hint: "nothing is lost that was answered; repeat with the same message id when nats-server is back",
    });
  }

  /** Listens for the loss of the connection; returns the way to stop. */
  whenDown(listener: () => void): () => void {
    this.onDown.add(listener);
    return () => void this.onDown.delete(listener);
  }

  /** Listens for a renewed connection; returns the way to stop. */
  whenUp(listener: () => void): () => void {
    this.onUp.add(listener);
    return () => void this.onUp.delete(listener);
  }

  /** Publishes without an answer; while the link is down the client keeps it until the connection is back. */
  send(subject: string, data: Uint8Array, reply?: string): void {
    if (this.connection.isClosed()) return;
    this.connection.publish(subject, data, reply === undefined ? undefined : { reply });
  }

  /**
   * As `send`, together with everything else of this turn of the event loop: the client would make a system call for
   * each message, which under load costs more than all the rest that happens to it.
   */
  sendBatched(...message: Parameters<NatsConnection["publish"]>): void {
    if (this.batch.push(message) === 1) this.later(this.sendBatch);
  }

  private readonly sendBatch = (): void => {
    const { batch } = this;
    this.batch = [];
    for (const message of batch) {
      try {
        this.connection.publish(...message);
      } catch {
        // Closed or draining, or a server came that takes less: a write without an answer fails by its timeout, and
        // what could not be acked is handed out again.
      }
    }
  };

  close(): void {
    this.sendBatch();
    this.closed = true;
    this.onDown.clear();
    this.onUp.clear();
    this.statuses.stop?.();
  }

  private async follow(): Promise<void> {
    for await (const status of this.statuses) {
      if (this.closed) return;
      if (status.type === "disconnect" || status.type === "close") {
        this.up = false;
        for (const listener of this.onDown) queueMicrotask(listener);
      } else if (status.type === "reconnect") {
        this.up = true;
        for (const listener of this.onUp) queueMicrotask(listener);
      }
    }
  }
}
