import type { StoredDeadRecord } from "@rouse/broker";

/** A dead record as it is listed: times as ISO text, data as text where they are UTF-8, else base64. */
export interface DeadLine {
  readonly record: number;
  /** `<namespace>/<broker>/<sequence>` of the event; `-` for the sequence when it never came into the log. */
  readonly handle: string;
  /** Of what a source could not bring in: where it lies outside. */
  readonly origin?: Readonly<Record<string, string | number>>;
  readonly trigger?: string;
  readonly reason: string;
  readonly message: string;
  readonly attempts: number;
  readonly storedAt: string;
  readonly diedAt: string;
  readonly event?: Readonly<Record<string, unknown>>;
  readonly data?: string;
  readonly dataBase64?: string;
  /** The data were too large for the record; the log has them while it lasts. */
  readonly dataOmitted?: true;
  readonly deadLetter?: { readonly kind: "accepted" | "failed"; readonly attempts: number; readonly message?: string };
}

/** The line of a record. */
export function deadLineOf(namespace: string, broker: string, record: StoredDeadRecord): DeadLine {
  const { deadLetter } = record;
  return {
    record: record.recordSequence,
    handle: `${namespace}/${broker}/${record.origin ? "-" : record.sequence}`,
    ...(record.origin ? { origin: record.origin } : {}),
    ...(record.trigger ? { trigger: record.trigger.name } : {}),
    reason: record.failure.reason,
    message: record.failure.message,
    attempts: record.attempts,
    storedAt: new Date(record.storedAt).toISOString(),
    diedAt: new Date(record.diedAt).toISOString(),
    ...(record.event ? { event: { ...record.event.attributes } } : {}),
    ...dataOf(record.event?.data ?? record.raw),
    ...(record.dataOmitted ? { dataOmitted: true } : {}),
    ...(deadLetter
      ? {
          deadLetter: {
            kind: deadLetter.kind,
            attempts: deadLetter.attempts,
            ...(deadLetter.kind === "failed" ? { message: deadLetter.failure.message } : {}),
          },
        }
      : {}),
  };
}

function dataOf(data: Uint8Array | undefined): Pick<DeadLine, "data" | "dataBase64"> {
  if (data === undefined || data.length === 0) return {};
  try {
    return { data: new TextDecoder("utf-8", { fatal: true }).decode(data) };
  } catch {
    return { dataBase64: Buffer.from(data).toString("base64") };
  }
}
