/** How many messages may be held at once: the most wanted, or fewer where messages are so large that these take too much memory. */
export class MessageWindow {
  private readonly messagesMax: number;
  private readonly bytesMax: number;
  /** The largest of the last messages, forgotten slowly. */
  private largest = 0;

  constructor(messagesMax: number, bytesMax: number) {
    this.messagesMax = messagesMax;
    this.bytesMax = bytesMax;
  }

  /** A message was handed out. */
  taken(message: { readonly data: Uint8Array }): void {
    this.largest = Math.max(message.data.length, this.largest * 0.99);
  }

  get messages(): number {
    if (this.largest * this.messagesMax <= this.bytesMax) return this.messagesMax;
    return Math.max(1, Math.floor(this.bytesMax / this.largest));
  }
}
