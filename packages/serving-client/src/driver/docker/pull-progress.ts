import { StringDecoder } from "node:string_decoder";

/** A message of a pull that ends in no newline is not collected beyond this. */
const longestMessage = 64 * 1024;

/** Reads what an engine tells of a pull, a JSON object a line: a failure comes within an answer that began with 200. */
export class PullProgress {
  /** What it failed with, as told last. */
  error: string | undefined;
  private readonly decoder = new StringDecoder("utf8");
  private rest = "";

  push(chunk: Buffer): void {
    const lines = (this.rest + this.decoder.write(chunk)).split(/\r?\n/);
    this.rest = (lines.pop() ?? "").slice(0, longestMessage);
    for (const line of lines) this.read(line);
    // The last object may come without a newline.
    if (this.rest.endsWith("}")) this.read(this.rest);
  }

  private read(line: string): void {
    try {
      const message = JSON.parse(line) as { error?: unknown } | null;
      if (typeof message?.error === "string") this.error = message.error;
    } catch {
      // Not whole, or not for us.
    }
  }
}
