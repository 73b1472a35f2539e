const headerBytes = 8;

/** Where the pieces of a container's output go. */
export type FrameSink = (stream: "stdout" | "stderr", piece: Buffer) => void;

/**
 * Takes apart the stream in which an engine sends both outputs: frames of one byte for the stream, three of nothing, four for
 * the length, then the output. Gives pieces on as they come, whole frames are never collected.
 */
export class LogFrames {
  private readonly sink: FrameSink;
  private header = Buffer.alloc(0);
  private left = 0;
  private stream: "stdout" | "stderr" = "stdout";

  constructor(sink: FrameSink) {
    this.sink = sink;
  }

  push(chunk: Buffer): void {
    let rest = chunk;
    while (rest.length > 0) rest = this.left > 0 ? this.payload(rest) : this.head(rest);
  }

  private payload(rest: Buffer): Buffer {
    const piece = rest.subarray(0, this.left);
    this.left -= piece.length;
    this.sink(this.stream, piece);
    return rest.subarray(piece.length);
  }

  private head(rest: Buffer): Buffer {
    const taken = rest.subarray(0, headerBytes - this.header.length);
    this.header = Buffer.concat([this.header, taken]);
    if (this.header.length === headerBytes) {
      this.stream = this.header[0] === 2 ? "stderr" : "stdout";
      this.left = this.header.readUInt32BE(4);
      this.header = Buffer.alloc(0);
    }
    return rest.subarray(taken.length);
  }
}
