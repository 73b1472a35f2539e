import type { Socket } from "node:net";

/** A client has nothing to say before its upgrade is answered; what comes all the same is kept up to here. */
const earlyMax = 64 * 1024;

/**
 * Reads a connection while its upgrade waits for an instance, since only who reads learns that the other side has gone;
 * what comes meanwhile is kept for the instance. `take` ends it.
 */
export class EarlyBytes {
  private readonly leaving = new AbortController();
  private readonly chunks: Buffer[];
  private readonly socket: Socket;
  private size = 0;

  constructor(socket: Socket, head: Buffer) {
    this.socket = socket;
    this.chunks = head.length > 0 ? [head] : [];
    socket.on("data", this.keep);
    socket.once("end", this.left);
    socket.once("close", this.left);
  }

  /** Aborts when the caller has gone, or has sent more than can be kept. */
  get gone(): AbortSignal {
    return this.leaving.signal;
  }

  /** Stops reading and gives what has come. */
  take(): Buffer {
    this.socket.pause();
    this.socket.removeListener("data", this.keep);
    this.socket.removeListener("end", this.left);
    this.socket.removeListener("close", this.left);
    return Buffer.concat(this.chunks);
  }

  private readonly keep = (chunk: Buffer): void => {
    this.chunks.push(chunk);
    this.size += chunk.length;
    if (this.size > earlyMax) this.socket.destroy();
  };

  private readonly left = (): void => this.leaving.abort();
}
