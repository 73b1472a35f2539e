import { createEvent } from "@rouse/events";
import { expect, test } from "vitest";
import type { StoredMessage } from "../log/engine.ts";
import { type DeadRecord, decodeDeadRecord, encodeDeadRecord } from "./dead-record.ts";
import { decodeLaneCopy, encodeLaneCopy, type LaneCopy } from "./lane-copy.ts";
import { decodeLogMessage, encodeLogMessage, type MessageContent } from "./message.ts";

const order = createEvent(
  { id: "A-1", source: "/shop", type: "com.example.order", datacontenttype: "application/json", subject: "ä" },
  Buffer.from('{"a":1}'),
);
const logHeaders = {
  "ce-specversion": "1.0",
  "ce-id": "A-1",
  "ce-source": "/shop",
  "ce-type": "com.example.order",
  "ce-datacontenttype": "application/json",
  "ce-subject": "%C3%A4",
  "rouse-format": "1",
  "rouse-revision": "12",
  "rouse-hops": "255",
};
const failure = {
  reason: "refused",
  message: "answered 400: 100 % wrong",
  destination: "http://127.0.0.1/",
  status: 400,
  body: Buffer.from("no"),
};
const copy: LaneCopy = {
  event: order,
  sequence: 7,
  storedAt: 1_000,
  hops: 255,
  stage: "dead-letter",
  attempt: 2,
  notBefore: 5_000,
  firstFailedAt: 4_000,
  subscriberAttempts: 11,
  failure,
  spilledBy: undefined,
};

function stored({ headers, data }: MessageContent, sequence = 1): StoredMessage {
  return { sequence, subject: "s", headers, data, storedAt: 2_000 };
}

test("log message: is the event in the NATS binding with format, revision and hops", () => {
  const content = encodeLogMessage(order, { revision: 12, hops: 255, addressee: undefined });
  expect(content.headers).toEqual(logHeaders);
  expect(Buffer.from(content.data).toString()).toBe('{"a":1}');
  const addressed = encodeLogMessage(order, { revision: 12, hops: 255, addressee: "u-1" });
  expect(addressed.headers).toEqual({ ...logHeaders, "rouse-to": "u-1" });
  expect(decodeLogMessage(stored(addressed))).toEqual({
    kind: "event",
    event: order,
    revision: 12,
    hops: 255,
    addressee: "u-1",
  });
});

test("log message: an event without our headers is taken as one that just came in", () => {
  const headers = { "ce-specversion": "1.0", "ce-id": "1", "ce-source": "/s", "ce-type": "t" };
  const decoded = decodeLogMessage(stored({ headers, data: Buffer.from("x") }));
  expect(decoded).toMatchObject({ kind: "event", revision: 0, hops: 255, addressee: undefined });
});

test("log message: what is no event says why", () => {
  const decoded = decodeLogMessage(stored({ headers: {}, data: Buffer.from("x") }));
  expect(decoded).toEqual({ kind: "not-an-event", message: expect.stringMatching(/.+/) });
});

test("messages: a newer format is refused with the way out", () => {
  const newer = stored({ headers: { ...logHeaders, "rouse-format": "2" }, data: order.data! }, 9);
  for (const decode of [decodeLogMessage, decodeLaneCopy, decodeDeadRecord]) {
    expect(() => decode(newer)).toThrow("message 9 has format 2; this version reads up to 1");
  }
});

test("lane copy: is the log message with what a copy adds", () => {
  const encoded = encodeLaneCopy(copy, 12);
  expect(encoded.headers).toEqual({
    ...logHeaders,
    "rouse-sequence": "7",
    "rouse-stored-at": "1000",
    "rouse-stage": "dead-letter",
    "rouse-attempt": "2",
    "rouse-not-before": "5000",
    "rouse-first-failed-at": "4000",
    "rouse-subscriber-attempts": "11",
    "rouse-reason": "refused",
    "rouse-message": "answered 400: 100 %25 wrong",
    "rouse-destination": "http://127.0.0.1/",
    "rouse-status": "400",
    "rouse-body": "bm8=",
  });
  expect(decodeLaneCopy(stored(encoded))).toEqual({ kind: "copy", copy: { ...copy, revision: 12 } });
});

test("lane copy: a message that names no sequence is none of ours", () => {
  expect(decodeLaneCopy(stored({ headers: logHeaders, data: order.data! })).kind).toBe("stray");
});

test("dead record: is the event with both outcomes in headers", () => {
  const record: DeadRecord = {
    trigger: { uid: "u-1", name: "orders" },
    sequence: 7,
    storedAt: 1_000,
    diedAt: 9_000,
    event: order,
    raw: undefined,
    dataOmitted: false,
    hops: 255,
    attempts: 11,
    firstFailedAt: 4_000,
    failure,
    deadLetter: { kind: "failed", attempts: 3, failure: { reason: "failed", message: "answered 503", status: 503 } },
  };
  const { "rouse-revision": _, ...ours } = logHeaders;
  const encoded = encodeDeadRecord(record);
  expect(encoded.headers).toEqual({
    ...ours,
    "rouse-sequence": "7",
    "rouse-stored-at": "1000",
    "rouse-died-at": "9000",
    "rouse-attempts": "11",
    "rouse-first-failed-at": "4000",
    "rouse-trigger-uid": "u-1",
    "rouse-trigger": "orders",
    "rouse-reason": "refused",
    "rouse-message": "answered 400: 100 %25 wrong",
    "rouse-destination": "http://127.0.0.1/",
    "rouse-status": "400",
    "rouse-body": "bm8=",
    "rouse-sink": "failed",
    "rouse-sink-attempts": "3",
    "rouse-sink-reason": "failed",
    "rouse-sink-message": "answered 503",
    "rouse-sink-status": "503",
  });
  expect(decodeDeadRecord(stored(encoded, 4))).toEqual({ ...record, recordSequence: 4 });
});

test("dead record: keeps what was found instead of an event", () => {
  const record: DeadRecord = {
    trigger: undefined,
    sequence: 7,
    storedAt: 1_000,
    diedAt: 9_000,
    event: undefined,
    raw: Buffer.from("hello"),
    dataOmitted: false,
    hops: 0,
    attempts: 0,
    firstFailedAt: undefined,
    failure: { reason: "not-an-event", message: "no attributes" },
    deadLetter: undefined,
  };
  expect(decodeDeadRecord(stored(encodeDeadRecord(record), 4))).toEqual({ ...record, recordSequence: 4 });
});
