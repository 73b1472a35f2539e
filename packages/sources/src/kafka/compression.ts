import { decompress as unzstd } from "fzstd";
import kafkajs, { CompressionTypes } from "kafkajs";
import { decompress as unlz4 } from "lz4js";
import { uncompress } from "snappyjs";

// This name alone cannot be imported: Node does not find it among the exports of a CommonJS module.
const { CompressionCodecs } = kafkajs;

/** A batch of records in the framing of xerial's snappy-java begins with this; librdkafka and others write it bare. */
const xerialMagic = Buffer.from([0x82, 0x53, 0x4e, 0x41, 0x50, 0x50, 0x59, 0x00]);
/** The magic, and two version numbers of four bytes. */
const xerialHeaderBytes = 16;

/** Unpacks a batch in snappy, whichever of the two framings it has. */
export function unsnappy(packed: Buffer): Buffer {
  if (!packed.subarray(0, xerialMagic.length).equals(xerialMagic)) return uncompress(packed);
  const blocks: Buffer[] = [];
  for (let at = xerialHeaderBytes; at < packed.length; ) {
    const size = packed.readInt32BE(at);
    at += 4;
    if (size < 0 || at + size > packed.length) {
      throw new Error(`expected a snappy block of ${size} bytes, got ${packed.length - at}`);
    }
    blocks.push(uncompress(packed.subarray(at, at + size)));
    at += size;
  }
  return Buffer.concat(blocks);
}

/**
 * Teaches the client to read what other producers compressed with snappy, LZ4 and zstd; gzip it knows by itself. The
 * table of codecs belongs to the library, so this is for the whole process; doing it again changes nothing.
 */
export function registerDecompression(): void {
  CompressionCodecs[CompressionTypes.Snappy] = () => reader("snappy", unsnappy);
  CompressionCodecs[CompressionTypes.LZ4] = () => reader("LZ4", (packed) => bufferOf(unlz4(packed)));
  CompressionCodecs[CompressionTypes.ZSTD] = () => reader("zstd", (packed) => bufferOf(unzstd(packed)));
}

function reader(name: string, unpack: (packed: Buffer) => Buffer) {
  return {
    compress: async (): Promise<Buffer> => {
      throw new Error(`records are not written in ${name}; use gzip or none`);
    },
    decompress: async (packed: Buffer): Promise<Buffer> => unpack(packed),
  };
}

function bufferOf(bytes: Uint8Array): Buffer {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}
