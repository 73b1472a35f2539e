const bytes = 1_024;
const digits = 8;

/** 1 KiB of text that begins with the number. */
export function payload(number: number): Buffer {
  return Buffer.from(String(number).padStart(digits, "0").padEnd(bytes, ` the quick brown fox jumps over ${number}`));
}

/** The number at the beginning; NaN when there is none. */
export function numberOf(data: Uint8Array): number {
  return Number(Buffer.from(data.buffer, data.byteOffset, Math.min(digits, data.byteLength)).toString());
}
