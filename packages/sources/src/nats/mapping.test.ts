import { createEvent, encodeJson, encodeNats } from "@rouse/events";
import { expect, test } from "vitest";
import { type NatsRecord, type NatsShape, natsEvent, natsMessageId, natsOrigin } from "./mapping.ts";

const time = Date.UTC(2026, 0, 2, 3, 4, 5, 678);
const stored = { stream: "ORDERS", streamCreated: 1_767_225_600_000, sequence: 42 };
const shape: NatsShape = { namespace: "shop", name: "orders", stream: { name: "ORDERS" }, ceOverrides: undefined };
const record = (fields: Partial<NatsRecord> = {}): NatsRecord => ({
  subject: "orders.new",
  headers: [],
  data: new TextEncoder().encode('{"n":1}'),
  time,
  stored,
  uuid: "11111111-1111-4111-8111-111111111111",
  ...fields,
});
const eventOf = (fields: Partial<NatsRecord>, more: Partial<NatsShape> = {}) => {
  const mapped = natsEvent(record(fields), { ...shape, ...more });
  if (mapped.kind !== "event") throw new Error(mapped.message);
  return mapped.event;
};

test("nats mapping: a stored message becomes exactly this event", () => {
  const headers = [
    ["Content-Type", "application/json"],
    ["Trace-Id", "a"],
    ["Trace-Id", "b"],
    ["X_1", "one"],
    ["---", "nothing"],
  ] as const;
  const event = eventOf({ headers });
  expect({ ...event.attributes }).toEqual({
    specversion: "1.0",
    id: "ORDERS/42",
    source: "/apis/v1/namespaces/shop/natssources/orders#ORDERS",
    type: "dev.rouse.nats.message",
    subject: "orders.new",
    time: "2026-01-02T03:04:05.678Z",
    datacontenttype: "application/json",
    natsheadertraceid: "a,b",
    natsheaderx1: "one",
  });
  expect(new TextDecoder().decode(event.data)).toBe('{"n":1}');
});

test("nats mapping: a message of core NATS has its own id or a new one, and the subject that is listened to as source", () => {
  const core = { stream: undefined, subject: "orders.>" };
  const event = eventOf({ stored: undefined }, core);
  expect(event.attributes).toMatchObject({
    id: "11111111-1111-4111-8111-111111111111",
    source: "/apis/v1/namespaces/shop/natssources/orders#orders.%3E",
    subject: "orders.new",
  });
  const own = eventOf({ stored: undefined, headers: [["Nats-Msg-Id", "m-1"]] }, core);
  expect(own.attributes).toMatchObject({ id: "m-1", natsheadernatsmsgid: "m-1" });
});

test("nats mapping: no data are no data", () => {
  expect(eventOf({ data: new Uint8Array(0) }).data).toBeUndefined();
});

test("nats mapping: CloudEvents pass, in binary and in structured mode", () => {
  const event = createEvent({ id: "1", source: "/s", type: "t", extra: "x" }, new TextEncoder().encode("[1]"));
  const binary = encodeNats(event);
  expect(eventOf({ headers: Object.entries(binary.headers), data: binary.data })).toEqual(event);
  const structured = createEvent(
    { id: "1", source: "/s", type: "t", datacontenttype: "application/json" },
    new TextEncoder().encode("[1]"),
  );
  const headers = [["content-type", "application/cloudevents+json; charset=utf-8"]] as const;
  const data = Buffer.from(encodeJson(structured));
  const passed = eventOf({ headers, data });
  expect([passed.attributes, Buffer.from(passed.data!)]).toEqual([structured.attributes, Buffer.from("[1]")]);
});

test("nats mapping: overrides set extensions, and leave what identifies an event alone", () => {
  const ceOverrides = { extensions: { team: "blue", id: "same", natsheadera: "theirs" } };
  const event = eventOf({ headers: [["A", "ours"]] }, { ceOverrides });
  expect(event.attributes).toMatchObject({ team: "blue", id: "ORDERS/42", natsheadera: "theirs" });
});

test.each([
  ["an attribute is missing", [["ce-specversion", "1.0"]], /"id" is missing/],
  [
    "an attribute comes twice",
    [
      ["ce-specversion", "1.0"],
      ["ce-id", "1"],
      ["ce-id", "2"],
    ],
    /"ce-id" is given 2 times/,
  ],
  ["the structured event is broken", [["content-type", "application/cloudevents+json"]], /./],
  ["the headers are too large", [["a", "x".repeat(20_000)]], /at most 16384/],
] as const)("nats mapping: invalid when %s", (_, headers, message) => {
  const mapped = natsEvent(record({ headers }), shape);
  expect(mapped).toMatchObject({ kind: "invalid", reason: "event-invalid", message: expect.stringMatching(message) });
});

test("nats mapping: characters that attributes may not hold are replaced, a content type that is none stays a header", () => {
  const event = eventOf({
    subject: "a.\u0001b",
    headers: [
      ["tab", "a\tb"],
      ["content-type", "no type"],
    ],
  });
  expect(event.attributes).toMatchObject({
    subject: "a.\ufffdb",
    natsheadertab: "a\ufffdb",
    natsheadercontenttype: "no type",
  });
  expect(event.attributes.datacontenttype).toBeUndefined();
});

test("nats mapping: the message id tells a stream from a later one of the same name", () => {
  expect(natsMessageId("u", record())).toBe("u/ORDERS/1767225600000/42");
  expect(natsMessageId("u", record({ stored: undefined }))).toBe("u/11111111-1111-4111-8111-111111111111");
  expect(natsOrigin(record())).toEqual({ stream: "ORDERS", sequence: 42, subject: "orders.new" });
});
