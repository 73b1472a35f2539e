import type { CloudEvent } from "@rouse/events";
import { LogFault } from "./errors.ts";
import { type DeadRecord, decodeDeadRecord, encodeDeadRecord, type StoredDeadRecord } from "./format/dead-record.ts";
import { deadId } from "./format/message-id.ts";
import type { JetstreamNames } from "./jetstream-names.ts";
import type { Journal } from "./journal.ts";
import type { Stored, Stream } from "./log/engine.ts";

/** The last token of the subject of records that are about no trigger. */
const noTrigger = "-";

/** What {@link DeadStream} is made of. */
export interface DeadStreamParts {
  readonly stream: Stream;
  readonly names: JetstreamNames;
  readonly namespace: string;
  readonly broker: string;
  readonly journal: Journal;
}

/** The undeliverable events of one broker, with the reason, until they are discarded or expire. */
export class DeadStream {
  private readonly parts: DeadStreamParts;

  constructor(parts: DeadStreamParts) {
    this.parts = parts;
  }

  /**
   * Stores a record, once under its id (default: one per event and trigger); one that is too large is stored without
   * its data. Resolves only after it is stored; throws LogFault when it cannot be.
   */
  async store(record: DeadRecord, messageId?: string): Promise<Stored> {
    const { names, namespace, broker, journal } = this.parts;
    const uid = record.trigger?.uid ?? noTrigger;
    const id = messageId ?? deadId(record.sequence, uid);
    const stored = await this.append(names.deadSubject(uid), record, id);
    if (!stored.duplicate) {
      const { reason, message } = record.failure;
      const trigger = record.trigger?.name ?? "";
      journal({
        namespace,
        broker,
        sequence: record.sequence,
        at: record.diedAt,
        kind: "dead",
        trigger,
        reason,
        message,
      });
    }
    return stored;
  }

  /** The records in the order of their storing, of one trigger or of all. */
  async *list(triggerUid?: string, signal?: AbortSignal): AsyncGenerator<StoredDeadRecord> {
    const { names, stream } = this.parts;
    const filterSubject = triggerUid === undefined ? names.deadSubjects : names.deadSubject(triggerUid);
    for await (const message of stream.read({ filterSubject }, signal)) yield decodeDeadRecord(message);
  }

  async get(recordSequence: number): Promise<StoredDeadRecord | undefined> {
    const message = await this.parts.stream.get(recordSequence);
    return message && decodeDeadRecord(message);
  }

  /** True when there was such a record. */
  discard(recordSequence: number): Promise<boolean> {
    return this.parts.stream.remove(recordSequence);
  }

  private async append(subject: string, record: DeadRecord, messageId: string): Promise<Stored> {
    const { stream } = this.parts;
    try {
      return await stream.append({ subject, messageId, ...encodeDeadRecord(record) });
    } catch (failure) {
      if (!(failure instanceof LogFault) || failure.code !== "LOG_MESSAGE_TOO_LARGE" || record.dataOmitted)
        throw failure;
      return await stream.append({ subject, messageId, ...encodeDeadRecord(withoutData(record)) });
    }
  }
}

function withoutData(record: DeadRecord): DeadRecord {
  const event: CloudEvent | undefined = record.event && { attributes: record.event.attributes, data: undefined };
  return { ...record, event, raw: undefined, dataOmitted: true };
}
