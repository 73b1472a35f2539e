import { connect, type Socket } from "node:net";

/** What came back: a status, or 0 when the connection broke. */
export interface Answer {
  readonly status: number;
  readonly retryAfterMs: number;
}

const broken: Answer = { status: 0, retryAfterMs: 100 };

/**
 * One keep-alive connection with one request at a time, as cheap as the machine allows: whatever the load costs is
 * taken from what is measured. Reads answers with Content-Length only.
 */
export class Connection {
  private readonly host: string;
  private readonly port: number;
  private socket: Socket | undefined;
  private answered: ((answer: Answer) => void) | undefined;
  private text = "";

  constructor(url: string) {
    const { hostname, port } = new URL(url);
    this.host = hostname;
    this.port = Number(port);
  }

  /** Sends a request; the bytes must not be changed until the answer is there. */
  send(bytes: Buffer, answered: (answer: Answer) => void): void {
    this.answered = answered;
    this.socket ??= this.open();
    this.socket.write(bytes);
  }

  close(): void {
    this.answered = undefined;
    this.socket?.destroy();
    this.socket = undefined;
  }

  private open(): Socket {
    const socket = connect({ host: this.host, port: this.port, noDelay: true });
    socket.on("data", (chunk: Buffer) => this.read(chunk.toString("latin1")));
    socket.on("error", () => {});
    socket.on("close", () => {
      if (this.socket !== socket) return;
      this.socket = undefined;
      this.text = "";
      this.tell(broken);
    });
    return socket;
  }

  private read(text: string): void {
    this.text += text;
    const headEnd = this.text.indexOf("\r\n\r\n");
    if (headEnd === -1) return;
    const length = Number(/content-length: (\d+)/i.exec(this.text)?.[1] ?? 0);
    if (this.text.length < headEnd + 4 + length) return;
    const status = Number(this.text.slice(9, 12));
    const retryAfter = status === 503 ? /retry-after: (\d+)/i.exec(this.text)?.[1] : undefined;
    this.text = "";
    this.tell({ status, retryAfterMs: Number(retryAfter ?? 0) * 1_000 });
  }

  private tell(answer: Answer): void {
    const answered = this.answered;
    this.answered = undefined;
    answered?.(answer);
  }
}
