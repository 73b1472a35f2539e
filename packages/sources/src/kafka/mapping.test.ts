import fc from "fast-check";
import { expect, test } from "vitest";
import { golden, goldenRecords } from "./mapping.golden.testing.ts";
import { type KafkaShape, kafkaEvent } from "./mapping.ts";
import type { KafkaRecord } from "./record.ts";

const shape: KafkaShape = { namespace: "shop", name: "orders", keyType: "string", ceOverrides: undefined };
const bare: KafkaRecord = {
  ...{ topic: "orders.v1", partition: 3, offset: "9007199254740993", timestamp: "1769860800123" },
  ...{ key: null, value: null, headers: [] },
};
/** What every wrapped record of {@link bare} has. */
const wrapped = {
  specversion: "1.0",
  id: "partition:3/offset:9007199254740993",
  source: "/apis/v1/namespaces/shop/kafkasources/orders#orders.v1",
  type: "dev.knative.kafka.event",
  subject: "partition:3#9007199254740993",
  time: "2026-01-31T12:00:00.123Z",
};

const utf8 = (text: string): Uint8Array => Buffer.from(text);

function eventOf(record: KafkaRecord, source: KafkaShape = shape) {
  const mapped = kafkaEvent(record, source);
  if (mapped.kind !== "event") throw new Error(`expected an event, got ${mapped.message}`);
  return mapped.event;
}

test.each(goldenRecords)("golden: $name", ({ record, keyType, overrides, attributes, whole, data }) => {
  const event = eventOf(
    {
      ...bare,
      ...record,
      key: golden(record.key ?? null),
      value: golden(record.value ?? null),
      headers: (record.headers ?? []).map(([name, value]) => [name, golden(value)]),
    },
    { ...shape, keyType: keyType ?? "string", ceOverrides: overrides && { extensions: overrides } },
  );
  expect({ ...event.attributes }).toEqual(whole ? attributes : { ...wrapped, ...attributes });
  expect(event.data && Buffer.from(event.data).toString()).toEqual(data);
});

test.each([
  ["0", "1970-01-01T00:00:00.000Z"],
  ["253402300799999", "9999-12-31T23:59:59.999Z"],
  ["253402300800000", undefined],
  ["-1", undefined],
  ["nonsense", undefined],
])("time: a timestamp of %s gives %s", (timestamp, time) => {
  expect(eventOf({ ...bare, timestamp }).attributes.time).toBe(time);
});

const claim: KafkaRecord["headers"] = [["ce_specversion", utf8("1.0")]];
const long = "x".repeat(17_000);

test.each<[string, Partial<KafkaRecord>, string, string]>([
  ["a broken event in binary mode", { headers: claim }, "event-invalid", 'required attribute "id" is missing'],
  [
    "a broken event in structured mode",
    { headers: [["content-type", utf8("application/cloudevents+json")]], value: utf8("{") },
    "event-invalid",
    "the body is not valid JSON",
  ],
  [
    "an attribute that is not UTF-8",
    { headers: [...claim, ["ce_id", Uint8Array.of(255)]] },
    "event-invalid",
    'header "ce_id" must be UTF-8',
  ],
  ["headers above the limit", { headers: [["stack", utf8(long)]] }, "event-too-large", "attributes take "],
  ["a key above the limit", { key: utf8(long) }, "event-too-large", "attributes take "],
])("invalid: %s is for a dead record", (_, record, reason, message) => {
  const mapped = kafkaEvent({ ...bare, ...record }, shape);
  expect(mapped).toMatchObject({ kind: "invalid", reason, message: expect.stringContaining(message) });
});

test("invalid: what no record should be does not throw, so that its partition moves on", () => {
  const headers = [["constructor", Object]] as unknown as KafkaRecord["headers"];
  expect(kafkaEvent({ ...bare, headers }, shape)).toMatchObject({ kind: "invalid", reason: "event-invalid" });
});

test("data: are the record's own bytes, not a copy, however large", () => {
  const value = new Uint8Array(5 << 20);
  expect(eventOf({ ...bare, value }).data).toBe(value);
});

test("any record: a wrapped record of small headers is always an event, the same each time, and keeps every header", () => {
  const header = fc.tuple(fc.string({ unit: "binary", maxLength: 8 }), fc.option(fc.uint8Array({ maxLength: 8 })));
  const names = header.filter(([name]) => !/^ce_specversion$/i.test(name));
  const any = fc.record({
    key: fc.option(fc.uint8Array({ maxLength: 9 })),
    value: fc.option(fc.uint8Array({ maxLength: 9 })),
    headers: fc.array(names, { maxLength: 8 }),
  });
  const keyTypes = fc.constantFrom("string", "int", "float", "byte-array") as fc.Arbitrary<KafkaShape["keyType"]>;
  fc.assert(
    fc.property(any, keyTypes, (given, keyType) => {
      const record = { ...bare, ...given };
      const event = eventOf(record, { ...shape, keyType });
      expect(kafkaEvent(record, { ...shape, keyType })).toEqual({ kind: "event", event });
      const kept = Object.keys(event.attributes).filter((name) => /^(kafkaheader|datacontenttype)/.test(name));
      expect(kept).toHaveLength(record.headers.length);
    }),
    { numRuns: 100 },
  );
});
