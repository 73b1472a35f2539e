import { StringDecoder } from "node:string_decoder";

/** A longer line is given on in pieces of this many characters, so that a child without newlines cannot fill our memory. */
export const longestLine = 8192;

/** Cuts a stream of bytes into lines. UTF-8 sequences that span two chunks stay whole. */
export class LineSplitter {
  private readonly decoder = new StringDecoder("utf8");
  private readonly emit: (line: string) => void;
  private rest = "";

  constructor(emit: (line: string) => void) {
    this.emit = emit;
  }

  push(chunk: Buffer): void {
    this.take(this.decoder.write(chunk));
  }

  /** Gives on what came without a newline at the end. */
  end(): void {
    this.take(this.decoder.end());
    if (this.rest !== "") this.emit(withoutReturn(this.rest));
    this.rest = "";
  }

  private take(text: string): void {
    const whole = this.rest + text;
    let start = 0;
    for (let end = whole.indexOf("\n"); end !== -1; end = whole.indexOf("\n", start)) {
      this.pieces(whole, start, end);
      start = end + 1;
    }
    while (whole.length - start > longestLine) {
      this.emit(whole.slice(start, start + longestLine));
      start += longestLine;
    }
    this.rest = whole.slice(start);
  }

  private pieces(whole: string, start: number, end: number): void {
    let from = start;
    for (; end - from > longestLine; from += longestLine) this.emit(whole.slice(from, from + longestLine));
    this.emit(withoutReturn(whole.slice(from, end)));
  }
}

function withoutReturn(line: string): string {
  return line.endsWith("\r") ? line.slice(0, -1) : line;
}
