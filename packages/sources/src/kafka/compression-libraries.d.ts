declare module "lz4js" {
  /** Unpacks one LZ4 frame. */
  export function decompress(packed: Uint8Array, sizeMax?: number): Uint8Array;
}

declare module "snappyjs" {
  /** Unpacks one raw snappy block; what comes back is of the type that was given. */
  export function uncompress<T extends Uint8Array>(packed: T, sizeMax?: number): T;
  /** Packs as one raw snappy block. */
  export function compress<T extends Uint8Array>(plain: T): T;
}
