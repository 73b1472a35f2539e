/** A random UUID (RFC 9562, version 4) out of numbers in [0, 1). */
export function randomId(random: () => number): string {
  const bytes = Buffer.alloc(16);
  for (let at = 0; at < 16; at += 2) bytes.writeUInt16BE(Math.floor(random() * 0x1_0000), at);
  bytes[6] = (bytes[6]! & 0x0f) | 0x40;
  bytes[8] = (bytes[8]! & 0x3f) | 0x80;
  const hex = bytes.toString("hex");
  return [hex.slice(0, 8), hex.slice(8, 12), hex.slice(12, 16), hex.slice(16, 20), hex.slice(20)].join("-");
}
