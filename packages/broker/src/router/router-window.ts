/** W: the most messages of the log that one process holds. */
export const routerWindowMax = 256;

const bytesMax = 64 * 1024 * 1024;

/** How many messages of the log may be held: W, or fewer where messages are so large that W of them exceed 64 MiB. */
export class RouterWindow {
  /** The largest of the last messages, forgotten slowly. */
  private largest = 0;

  /** A message was handed out. */
  taken(message: { readonly data: Uint8Array }): void {
    this.largest = Math.max(message.data.length, this.largest * 0.99);
  }

  get messages(): number {
    if (this.largest * routerWindowMax <= bytesMax) return routerWindowMax;
    return Math.max(1, Math.floor(bytesMax / this.largest));
  }
}
