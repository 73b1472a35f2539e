/** What a message carries beside its data; names are lower-case, one value each, already encoded for the wire. */
export type MessageHeaders = Readonly<Record<string, string>>;

/** A message to be stored. */
export interface OutgoingMessage {
  readonly subject: string;
  readonly headers: MessageHeaders;
  readonly data: Uint8Array;
  /** Stored once within the stream's duplicate window (`Nats-Msg-Id`). */
  readonly messageId: string;
}

/** The answer to a write: it is given only after the engine has stored the message. */
export interface Stored {
  readonly sequence: number;
  /** A message of the same id was stored before; `sequence` is that one's. */
  readonly duplicate: boolean;
}

/** A message as it lies in a stream. */
export interface StoredMessage {
  readonly sequence: number;
  readonly subject: string;
  readonly headers: MessageHeaders;
  readonly data: Uint8Array;
  /** Wall time of storage, milliseconds since the epoch. */
  readonly storedAt: number;
}

/** A message handed out by a cursor. Exactly one of `ack` and `nak` settles it; a second call does nothing. */
export interface HeldMessage extends StoredMessage {
  /** Messages of this cursor not yet handed out, as of this one. */
  readonly pending: number;
  /** How often it was handed out, this time included; not reliable after a crash of the server. */
  readonly deliveries: number;
  ack(): void;
  /** Hands it back; it comes again after `delayMs` (default 0). */
  nak(delayMs?: number): void;
  /** Starts the ack wait anew. */
  working(): void;
}

/** How a stream is kept. */
export interface StreamConfig {
  readonly name: string;
  readonly subjects: readonly string[];
  /** `limits`: messages stay until a limit removes them; `workqueue`: until they are acked. */
  readonly retention: "limits" | "workqueue";
  /** 0: no limit. */
  readonly maxAgeMs: number;
  /** 0: no limit. */
  readonly maxBytes: number;
  readonly duplicateWindowMs: number;
  readonly replicas: number;
  /** At a limit: `old` removes the oldest, `new` refuses the write with LOG_FULL. */
  readonly discard: "old" | "new";
}

/** What a stream holds now. `lastSequence` is 0 when nothing was ever stored. */
export interface StreamInfo {
  readonly messages: number;
  readonly bytes: number;
  readonly firstSequence: number;
  readonly lastSequence: number;
}

/** A named, durable place in a stream, shared by every process that opens it under the same name. */
export interface CursorConfig {
  readonly name: string;
  /** Only messages of this subject (wildcards allowed); absent: all. */
  readonly filterSubject?: string;
  readonly ackWaitMs: number;
  readonly maxAckPending: number;
}

/** How far a cursor has come. */
export interface CursorInfo {
  /** Not yet handed out. */
  readonly pending: number;
  /** Handed out and not settled, delayed ones included. */
  readonly ackPending: number;
  /** Sequence of the last message that was handed out for the first time; absent where no cursor outlives a process. */
  readonly handedOut?: number;
}

/** Options of {@link Cursor.pull}. */
export interface PullOptions {
  /** How many messages may be held by this puller just now; asked again at every `ask`. */
  readonly window: () => number;
  readonly onMessage: (message: HeldMessage) => void;
  /**
   * The cursor is gone (deleted, its stream too, or the connection was renewed): open it again and pull anew. Told once,
   * at the latest a second after this puller next had room; never after `stop`. What is held may still be settled.
   */
  readonly onGone: () => void;
  /** A message was settled that was handed out before `stop` or `onGone`: others may have room now. */
  readonly onReleased?: () => void;
}

/** Pulls by credit: messages held plus messages asked for never exceed the window. */
export interface Puller {
  /** Messages handed out here and not settled. */
  readonly held: number;
  /** Looks at the window again; to be called when it grew. Settling a message does it by itself. */
  ask(): void;
  /** Hands out nothing more; what arrives late goes back at once. Messages already held may still be settled. */
  stop(): void;
}

export interface Cursor {
  /**
   * Creates the cursor where it does not exist; may be repeated. Throws LogFault: LOG_UNAVAILABLE, and LOG_REFUSED when
   * another cursor on a work queue already takes some of its subjects.
   */
  open(): Promise<void>;
  pull(options: PullOptions): Puller;
  /** Undefined when the cursor does not exist. */
  info(): Promise<CursorInfo | undefined>;
  /** Removes the cursor, never its messages; un-acked ones are handed out again by the next cursor on that subject. */
  delete(): Promise<void>;
}

/** Which messages {@link Stream.read} yields, in order, ending with the last one stored when it was called. */
export interface ReadOptions {
  readonly filterSubject?: string;
  readonly fromSequence?: number;
  /** Milliseconds since the epoch. */
  readonly fromTime?: number;
}

export interface Stream {
  readonly name: string;
  /** Resolves only after the message is stored. Throws LogFault: LOG_UNAVAILABLE, LOG_FULL, LOG_MESSAGE_TOO_LARGE. */
  append(message: OutgoingMessage): Promise<Stored>;
  cursor(config: CursorConfig): Cursor;
  info(): Promise<StreamInfo>;
  /** Messages per subject, of the subjects that the filter takes and that have any. */
  counts(filterSubject: string): Promise<ReadonlyMap<string, number>>;
  get(sequence: number): Promise<StoredMessage | undefined>;
  read(options: ReadOptions, signal?: AbortSignal): AsyncIterable<StoredMessage>;
  /** True when there was such a message. */
  remove(sequence: number): Promise<boolean>;
  /** Removes every message of the subject and tells how many. */
  purge(subject: string): Promise<number>;
}

/** Where streams are kept: JetStream, or the memory of this process. One conformance suite runs on both. */
export interface Engine extends AsyncDisposable {
  readonly kind: "jetstream" | "memory";
  /** The largest message, headers and data together, in bytes. */
  readonly maxMessageBytes: number;
  /** False while the server cannot be reached; writes then fail at once with LOG_UNAVAILABLE. */
  readonly connected: boolean;
  /** Creates the stream, or updates it where the configuration differs; nothing is written when it does not. */
  stream(config: StreamConfig): Promise<Stream>;
  deleteStream(name: string): Promise<void>;
  /** Called after the connection was renewed; returns the way to stop listening. */
  onReconnect(listener: () => void): () => void;
}
