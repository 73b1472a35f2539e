import { Fault } from "@rouse/base";

/**
 * What can go wrong with the store, beside the expected outcomes (exists, conflict, missing), which are values.
 * - `STORE_UNAVAILABLE`: NATS is away or does not answer; a write may or may not have been stored.
 * - `STORE_OBJECT_TOO_LARGE`: the object does not fit into one message of the connected server.
 * - `STORE_FORMAT_NEWER`: the bucket was written by a newer version.
 * - `STORE_BUSY`: a conditional write lost against others too often in a row.
 * - `STORE_CLOSED`: the store was closed.
 */
export type StoreCode =
  | "STORE_UNAVAILABLE"
  | "STORE_OBJECT_TOO_LARGE"
  | "STORE_FORMAT_NEWER"
  | "STORE_BUSY"
  | "STORE_CLOSED";

/** The store cannot do what was asked; see {@link StoreCode}. */
export class StoreFault extends Fault<StoreCode> {}
