import type { NatsConnection } from "@nats-io/transport-node";
import type { Clock } from "@rouse/base";
import type { NatsSourceDefinition } from "./definition.ts";
import type { HandedOver, Piece } from "./hand-over.ts";

/** What a reader is given, for the whole life of its source. */
export interface ReaderPorts {
  readonly definition: NatsSourceDefinition;
  readonly clock: Clock;
  readonly random: () => number;
  /** Why a subject may not be listened to; undefined when it may. */
  forbidden(subject: string): string | undefined;
  /** Resolves when the message is stored or buried, or when the source closes. */
  hand(piece: Piece): Promise<HandedOver>;
  /** What is wrong upstream, in words; undefined: nothing any more. */
  upstream(message: string | undefined): void;
  /** A message was thrown away, with why. */
  dropped(message: string): void;
  changed(): void;
}

/** What a reader shows of itself. */
export interface ReaderCounts {
  readonly stream: { readonly name: string; readonly consumer: string } | undefined;
  /** Messages upstream that were not delivered to anyone yet. */
  readonly pending: number;
  /** Messages held here that are not stored yet. */
  readonly inFlight: number;
}

/** Reads messages from a connection, and from the next one when that is closed. */
export interface Reader {
  /** Reads until the connection is closed or the signal aborts; never rejects. */
  run(connection: NatsConnection, signal: AbortSignal): Promise<void>;
  /** The connection came back after it was lost, or is closed. */
  connectionChanged(): void;
  counts(): ReaderCounts;
  /** Called after the signal aborted: hands back or throws away what is not begun, and waits for the rest. */
  drain(): Promise<void>;
  /** Draining took too long: gives up what is not stored. */
  abandon(): void;
}
