import kafkajs, { CompressionTypes } from "kafkajs";
import { compress } from "snappyjs";
import { expect, test } from "vitest";
import { registerDecompression, unsnappy } from "./compression.ts";

const { CompressionCodecs } = kafkajs;
const plain = Buffer.from("the same again and again and again ".repeat(50));

function framed(blocks: readonly Buffer[]): Buffer {
  const header = Buffer.from([0x82, 0x53, 0x4e, 0x41, 0x50, 0x50, 0x59, 0, 0, 0, 0, 1, 0, 0, 0, 1]);
  const parts = blocks.flatMap((block) => {
    const packed = compress(block);
    const size = Buffer.alloc(4);
    size.writeInt32BE(packed.length);
    return [size, packed];
  });
  return Buffer.concat([header, ...parts]);
}

test("compression: snappy is read without framing", () => {
  expect(unsnappy(compress(plain)).equals(plain)).toBe(true);
});

test("compression: snappy is read in xerial's framing, block after block", () => {
  const packed = framed([plain.subarray(0, 700), plain.subarray(700)]);
  expect(unsnappy(packed).equals(plain)).toBe(true);
});

test("compression: a block that is cut off is told of, and reads nothing beyond", () => {
  const packed = framed([plain]);
  expect(() => unsnappy(packed.subarray(0, packed.length - 3))).toThrow(/expected a snappy block of \d+ bytes/);
});

test("compression: LZ4 and zstd frames are read", async () => {
  registerDecompression();
  // One frame each of "hello hello hello hello", stored as it is.
  const text = Buffer.from("hello hello hello hello");
  const size = Buffer.alloc(4);
  size.writeUInt32LE((0x80000000 | text.length) >>> 0);
  const lz4 = Buffer.concat([Buffer.from([0x04, 0x22, 0x4d, 0x18, 0x60, 0x40, 0x82]), size, text, Buffer.alloc(4)]);
  const raw = (text.length << 3) | 1;
  const zstd = Buffer.concat([
    Buffer.from([0x28, 0xb5, 0x2f, 0xfd, 0x20, text.length, raw & 0xff, (raw >> 8) & 0xff, raw >> 16]),
    text,
  ]);
  const of = (type: CompressionTypes.LZ4 | CompressionTypes.ZSTD) =>
    (CompressionCodecs[type] as () => { decompress(packed: Buffer): Promise<Buffer> })();
  expect((await of(CompressionTypes.LZ4).decompress(lz4)).toString()).toBe(text.toString());
  expect((await of(CompressionTypes.ZSTD).decompress(zstd)).toString()).toBe(text.toString());
});
