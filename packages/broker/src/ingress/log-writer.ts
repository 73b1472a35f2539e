import type { Clock } from "@rouse/base";
import { type CloudEvent, identityOf } from "@rouse/events";
import { BrokerFault } from "../broker-fault.ts";
import type { DeadStream } from "../dead-stream.ts";
import type { Failure } from "../delivery.ts";
import { LogFault } from "../errors.ts";
import type { FaultHook } from "../fault-points.ts";
import type { DeadRecord } from "../format/dead-record.ts";
import { encodeLogMessage } from "../format/message.ts";
import { deadReplyId, replyId } from "../format/message-id.ts";
import { hopsAfter, takeHops } from "../hops.ts";
import type { JetstreamNames } from "../jetstream-names.ts";
import type { Journal } from "../journal.ts";
import type { MessageHeaders, OutgoingMessage, Stored, Stream } from "../log/engine.ts";
import { AppendGate } from "./append-gate.ts";
import { BatchTurns } from "./batch-turns.ts";

/** Room that copies and records need beside the event. */
const roomBytes = 32 * 1024;
const pressureMax = 0.8;
const pressureRetryMs = 2_000;
const subjectsKept = 1_000;
/** With more writes under way the router is busy anyhow, and matching everything twice would only slow it down. */
const aheadMax = 16;
/** Events of a batch that are worked on in one turn of the event loop while the router is behind. */
const batchPart = 128;

/** Options of {@link LogWriter.append}. */
export interface AppendOptions {
  /** What makes a repeat one event; default: source and id. */
  readonly messageId?: string;
  /** Brokers that the event may still pass; default: what the event itself says, or the broker's limit. */
  readonly hops?: number;
  /** Internal log only: the uid of the one trigger that is meant. */
  readonly addressee?: string;
}

/** An event that is stored. */
export interface Appended {
  readonly sequence: number;
  /** The same event was stored before; `sequence` is that one's. */
  readonly duplicate: boolean;
  /** `<namespace>/<broker>/<sequence>`, for people. */
  readonly handle: string;
}

/** What became of a batch: all of it is stored, or `failure` says why the rest is not. */
export interface BatchAnswer {
  /** In the order of the batch. */
  readonly stored: readonly Appended[];
  readonly failure: unknown;
}

/** The delivery that a reply answers. */
export interface ReplyCause {
  readonly sequence: number;
  readonly triggerUid: string;
  /** For people. */
  readonly triggerName: string;
  readonly hops: number;
}

/** What became of a reply; `dead`: it can never be stored, and a dead record says why. */
export type ReplyAnswer =
  | ({ readonly kind: "stored" } & Appended)
  | { readonly kind: "dead"; readonly reason: string; readonly message: string };

interface Prepared {
  readonly event: CloudEvent;
  readonly message: OutgoingMessage;
  readonly bytes: number;
  readonly addressee: string | undefined;
}

/** What {@link LogWriter} is made of. */
export interface LogWriterParts {
  readonly namespace: string;
  readonly broker: string;
  readonly clock: Clock;
  readonly log: Stream;
  readonly dead: DeadStream;
  readonly names: JetstreamNames;
  readonly journal: Journal;
  readonly faults: FaultHook;
  readonly maxMessageBytes: number;
  readonly maxHops: number;
  /** The configuration revision known here. */
  readonly revision: () => number;
  /** The share of the log's limit that un-routed events take. */
  readonly pressure: () => number;
  /** Events that are stored and not routed yet, as far as this process knows. */
  readonly lag: () => number;
  readonly onStored: (sequence: number) => void;
  /** An event was handed to the engine and is not stored yet; not called while many are. */
  readonly onWriting: (event: CloudEvent, addressee: string | undefined) => void;
}

/** Puts events into a broker's log. */
export class LogWriter {
  /** Headers and data of the largest event that is taken, in bytes. */
  readonly maxEventBytes: number;
  private readonly parts: LogWriterParts;
  private readonly gate: AppendGate;
  private readonly batchTurns = new BatchTurns();
  private readonly subjects = new Map<string, string>();

  constructor(parts: LogWriterParts) {
    this.parts = parts;
    this.gate = new AppendGate({ clock: parts.clock, lag: parts.lag });
    this.maxEventBytes = parts.maxMessageBytes - roomBytes;
  }

  /**
   * Resolves only after the event is stored. Throws BrokerFault (too large, too many hops, busy, pressure) and LogFault;
   * a write that failed may be repeated, it is stored once.
   */
  async append(event: CloudEvent, options: AppendOptions = {}): Promise<Appended> {
    return await this.write(this.prepare(event, options));
  }

  /**
   * Refuses all of the events as {@link append} would, or none; then stores them at once, in no particular order.
   * What was stored before a failure stays, and a repeat of the batch does not store it twice. While the router is
   * behind, the batch goes on part by part, and stops at the first part that is refused.
   */
  async appendAll(events: readonly CloudEvent[]): Promise<BatchAnswer> {
    const since = this.parts.clock.monotonic();
    const prepared: Prepared[] = [];
    for (const event of events) {
      if (prepared.length > 0 && prepared.length % batchPart === 0) await this.turn();
      prepared.push(this.prepare(event, {}));
    }
    const parts: Promise<BatchAnswer>[] = [];
    for (let at = 0; at < prepared.length; ) {
      const end = this.gate.behind ? at + batchPart : prepared.length;
      const part = this.writePart(prepared.slice(at, end), since);
      parts.push(part.answer);
      at = end;
      if (at < prepared.length && (await part.begun) === "refused") break;
    }
    const answers = await Promise.all(parts);
    const failed = answers.find((answer) => answer.failure !== undefined);
    return { stored: answers.flatMap((answer) => answer.stored), failure: failed?.failure };
  }

  /** Resolves when many events that came in together may be worked on: at once, unless the router is behind. */
  async turn(): Promise<void> {
    if (this.gate.behind) await this.batchTurns.next();
  }

  /** Events come in faster than this process routes them. */
  get busy(): boolean {
    return this.gate.busy;
  }

  /** The router took so many events of the log. */
  routed(events: number): void {
    this.gate.routed(events);
  }

  /**
   * Stores a reply, once for the delivery that caused it, whatever id and source it carries. One that is too large or
   * has been through too many brokers becomes a dead record. Throws LogFault when neither could be stored.
   */
  async appendReply(event: CloudEvent, cause: ReplyCause): Promise<ReplyAnswer> {
    const hopsLeft = hopsAfter(cause.hops, this.parts.maxHops);
    const taken = hopsLeft <= 0 ? undefined : takeHops(event, hopsLeft);
    if (taken?.kind !== "taken") {
      const message = "the reply has been through as many brokers as it may; the chain of replies looks endless";
      return await this.bury(event, cause, { reason: "too-many-hops", message });
    }
    const message = this.encode(taken.event, taken.hops, undefined, replyId(cause.sequence, cause.triggerUid));
    const bytes = bytesOf(message.headers, message.data);
    if (bytes > this.maxEventBytes) return await this.buryTooLarge(taken.event, cause, this.tooLarge(bytes).message);
    let stored: Stored;
    try {
      const storing = this.parts.log.append(message);
      this.ahead(taken.event, undefined);
      stored = await storing;
    } catch (failure) {
      if (!(failure instanceof LogFault) || failure.code !== "LOG_MESSAGE_TOO_LARGE") throw failure;
      return await this.buryTooLarge(taken.event, cause, failure.message);
    }
    this.parts.onStored(stored.sequence);
    this.parts.faults("reply-stored");
    return { kind: "stored", ...this.tell(taken.event, stored) };
  }

  private prepare(event: CloudEvent, options: AppendOptions): Prepared {
    const { maxHops, pressure } = this.parts;
    if (pressure() > pressureMax) throw underPressure();
    const taken = takeHops(event, options.hops ?? maxHops);
    if (taken.kind === "exhausted") throw tooManyHops(taken.given);
    const messageId = options.messageId ?? identityOf(event);
    const message = this.encode(taken.event, taken.hops, options.addressee, messageId);
    const bytes = bytesOf(message.headers, message.data);
    if (bytes > this.maxEventBytes) throw this.tooLarge(bytes);
    return { event: taken.event, message, bytes, addressee: options.addressee };
  }

  private async write(prepared: Prepared, since?: number, onBegun?: () => void): Promise<Appended> {
    const { addressee, bytes, event, message } = prepared;
    const store = async () => {
      onBegun?.();
      const storing = this.parts.log.append(message);
      this.ahead(event, addressee);
      const stored = await storing;
      // Before the gate hears of the end: it would count one event too few.
      this.parts.onStored(stored.sequence);
      this.parts.faults("event-stored");
      return stored;
    };
    return this.tell(event, await this.gate.run(bytes, store, since));
  }

  /** `begun`: all of the writes are under way, or some will not be. */
  private writePart(part: readonly Prepared[], since: number) {
    let begin: (how: "begun" | "refused") => void = () => {};
    const begun = new Promise<"begun" | "refused">((resolve) => {
      begin = resolve;
    });
    const last = part.at(-1);
    const writes = part.map((one) => this.write(one, since, one === last ? () => begin("begun") : undefined));
    const answer = Promise.allSettled(writes).then((results): BatchAnswer => {
      const stored: Appended[] = [];
      let failure: unknown;
      for (const result of results) {
        if (result.status === "fulfilled") stored.push(result.value);
        else failure ??= result.reason;
      }
      begin("refused");
      return { stored, failure };
    });
    return { begun, answer };
  }

  private ahead(event: CloudEvent, addressee: string | undefined): void {
    if (this.gate.underWay <= aheadMax) this.parts.onWriting(event, addressee);
  }

  private encode(event: CloudEvent, hops: number, addressee: string | undefined, messageId: string): OutgoingMessage {
    const { headers, data } = encodeLogMessage(event, { revision: this.parts.revision(), hops, addressee });
    return { subject: this.subjectOf(event.attributes.type), headers, data, messageId };
  }

  private subjectOf(type: string): string {
    let subject = this.subjects.get(type);
    if (subject === undefined) {
      if (this.subjects.size >= subjectsKept) this.subjects.clear();
      subject = this.parts.names.logSubject(type);
      this.subjects.set(type, subject);
    }
    return subject;
  }

  private tell(event: CloudEvent, stored: Stored): Appended {
    const { broker, clock, journal, namespace } = this.parts;
    const { duplicate, sequence } = stored;
    journal({ namespace, broker, sequence, at: clock.now(), kind: "stored", event, duplicate });
    return { sequence, duplicate, handle: `${namespace}/${broker}/${sequence}` };
  }

  private tooLarge(bytes: number): BrokerFault {
    const limit = this.maxEventBytes;
    return new BrokerFault("BROKER_EVENT_TOO_LARGE", `expected an event of at most ${limit} bytes, got ${bytes}`, {
      hint: "send less, or a reference to the data; the limit follows the NATS server's max_payload",
    });
  }

  private buryTooLarge(event: CloudEvent, cause: ReplyCause, message: string): Promise<ReplyAnswer> {
    return this.bury(event, cause, { reason: "too-large", message });
  }

  private async bury(event: CloudEvent, cause: ReplyCause, failure: Failure): Promise<ReplyAnswer> {
    const now = this.parts.clock.now();
    const record: DeadRecord = {
      trigger: { uid: cause.triggerUid, name: cause.triggerName },
      sequence: cause.sequence,
      storedAt: now,
      diedAt: now,
      event,
      raw: undefined,
      dataOmitted: false,
      hops: cause.hops,
      attempts: 0,
      firstFailedAt: undefined,
      failure,
      deadLetter: undefined,
    };
    await this.parts.dead.store(record, deadReplyId(cause.sequence, cause.triggerUid));
    return { kind: "dead", reason: failure.reason, message: failure.message };
  }
}

function underPressure(): BrokerFault {
  return new BrokerFault("BROKER_LOG_PRESSURE", "the log is more than 80 % full of events that are not routed yet", {
    hint: "send the event again after the delay; raise the broker's log-max-bytes if this lasts",
    retryAfterMs: pressureRetryMs,
  });
}

function tooManyHops(given: string): BrokerFault {
  return new BrokerFault("BROKER_TOO_MANY_HOPS", `expected knativebrokerttl of 2 or more, got ${given}`, {
    hint: "the event has been through too many brokers; look for a chain that leads back to itself",
  });
}

/** As counted by the server: the preface, `name: value` lines, a blank one, and the data. */
function bytesOf(headers: MessageHeaders, data: Uint8Array): number {
  let bytes = 14 + data.length;
  for (const name in headers) bytes += name.length + headers[name]!.length + 4;
  return bytes;
}
