import { CloudEvent as SdkEvent, Kafka as SdkKafka } from "cloudevents";
import fc from "fast-check";
import { expect, test } from "vitest";
import { createEvent } from "./event-builder.ts";
import { decodeKafka, type EncodedKafka, encodeKafka, type KafkaHeader } from "./kafka-codec.ts";
import { anyEvent, bytes, canonical, dataText, faultOf, least, plain } from "./samples.testing.ts";

const required = { ce_specversion: "1.0", ce_id: "1", ce_source: "/s", ce_type: "t" };
const structuredType = "application/cloudevents+json";
const empty: Uint8Array = new Uint8Array(0);

/** As clients write them: undefined is null on the wire. */
function headersOf(headers: Record<string, string | undefined>): KafkaHeader[] {
  return Object.entries(headers).map(([name, value]) => [name, value === undefined ? null : bytes(value)]);
}

function eventOf(headers: readonly KafkaHeader[], value: Uint8Array | null) {
  const decoded = decodeKafka(headers, value);
  if (decoded.kind !== "event") throw new Error("expected an event");
  return decoded.event;
}

const again = ({ headers, value }: EncodedKafka) => eventOf(headersOf(headers), value);

test("binary mode: every attribute is a ce_ header in plain UTF-8, and the content type has a header of its own", () => {
  const data = bytes("{ }");
  const event = createEvent({ ...least, subject: "é %", n: -5, ok: true, datacontenttype: "text/plain" }, data);
  expect(encodeKafka(event, "binary")).toEqual({
    mode: "binary",
    headers: { ...required, ce_subject: "é %", ce_n: "-5", ce_ok: "true", "content-type": "text/plain" },
    value: data,
    key: undefined,
  });
});

test("binary mode: no data is no value, which is not the same as a value of no bytes", () => {
  for (const data of [undefined, empty]) {
    const encoded = encodeKafka(createEvent(least, data), "binary");
    expect(encoded.value).toEqual(data ?? null);
    expect(again(encoded).data).toEqual(data);
  }
});

test("binary mode: header names count in any case, the last of several wins, and others are not the event's", () => {
  const headers = headersOf({
    ...required,
    CE_ID: "2",
    "Content-Type": "text/plain",
    trace: "x",
    ce: "x",
    "ce-id": "x",
  });
  const twice: KafkaHeader[] = [...headers, ["ce_id", bytes("3")], ["content-type", bytes("text/html")]];
  expect({ ...eventOf(headers, null).attributes }).toMatchObject({ id: "2", datacontenttype: "text/plain" });
  expect({ ...eventOf(twice, null).attributes }).toEqual({
    specversion: "1.0",
    ...least,
    id: "3",
    datacontenttype: "text/html",
  });
});

test("binary mode: ce_datacontenttype stands for a content type only where there is none", () => {
  const headers = { ...required, ce_datacontenttype: "a/b" };
  expect(eventOf(headersOf(headers), null).attributes.datacontenttype).toBe("a/b");
  expect(eventOf(headersOf({ ...headers, "content-type": "c/d" }), null).attributes.datacontenttype).toBe("c/d");
});

test("binary mode: an event whose data are a CloudEvents document is written structured", () => {
  const event = createEvent({ ...least, datacontenttype: structuredType }, bytes('{"inner":1}'));
  const encoded = encodeKafka(event, "binary");
  expect(encoded.mode).toBe("structured");
  expect(plain(again(encoded))).toEqual(plain(event));
});

test("structured mode: is told by the content type in any case, and wins over ce_ headers", () => {
  const body = bytes('{"specversion":"1.0","id":"1","source":"/s","type":"t","data":{"a":1.0}}');
  const headers = headersOf({
    ...required,
    ce_id: "other",
    "Content-Type": "Application/CloudEvents+JSON; charset=utf-8",
  });
  const decoded = decodeKafka(headers, body);
  expect(decoded).toMatchObject({ kind: "event", mode: "structured" });
  expect(eventOf(headers, body).attributes.id).toBe("1");
  expect(dataText(eventOf(headers, body))).toBe('{"a":1.0}');
});

test("key: is the partitionkey, which stays an attribute; the key of a record is never an attribute", () => {
  for (const mode of ["binary", "structured"] as const) {
    const encoded = encodeKafka(createEvent({ ...least, partitionkey: "ä/1" }), mode);
    expect(encoded.key).toBe("ä/1");
    expect(again(encoded).attributes.partitionkey).toBe("ä/1");
  }
  expect(encodeKafka(createEvent({ ...least, partitionkey: 7 }), "binary").key).toBe("7");
  expect(encodeKafka(createEvent({ ...least, partitionkey: "" }), "binary").key).toBeUndefined();
});

test.each<[string, Record<string, string>]>([
  ["no headers", {}],
  ["another content type", { "content-type": "application/json" }],
  ["some ce_ headers without ce_specversion", { ce_id: "1", ce_type: "t" }],
  ["the headers of another binding", { "ce-specversion": "1.0", "ce-id": "1" }],
])("not an event: a record with %s", (_, headers) => {
  expect(decodeKafka(headersOf(headers), bytes("x"))).toEqual({ kind: "none" });
});

test.each<[string, Record<string, string>, Uint8Array | null, string]>([
  ["specversion 0.3", { ...required, ce_specversion: "0.3" }, null, 'SPECVERSION_UNSUPPORTED specversion "0.3" is not'],
  ["no id", { ce_specversion: "1.0", ce_source: "/s", ce_type: "t" }, null, 'required attribute "id" is missing'],
  ["a name that is none", { ...required, "ce_a-b": "x" }, null, 'attribute "a-b" must be lower-case letters'],
  ["an attribute called data", { ...required, ce_data: "x" }, null, "the name is reserved"],
  ["a control character", { ...required, ce_subject: "a\u0000" }, null, "must not hold the character U+0000"],
  ["a broken time", { ...required, ce_time: "now" }, null, 'attribute "time" must be an RFC 3339'],
  ["a content type that is none", { ...required, "content-type": "json" }, null, "must be a media type"],
  ["a batch", { "content-type": "application/cloudevents-batch+json" }, bytes("[]"), "a batch of events in one Kafka"],
  ["another format", { "content-type": "application/cloudevents+avro" }, bytes(""), "is not supported in Kafka"],
  [
    "another charset",
    { "content-type": `${structuredType}; charset=utf-16` },
    bytes("{}"),
    "is not supported in Kafka",
  ],
  ["a structured record without value", { "content-type": structuredType }, null, "the record has no value"],
  ["broken JSON", { "content-type": structuredType }, bytes("{"), "EVENT_JSON_INVALID the body is not valid JSON"],
  ["too many attributes", { ...required, ce_long: "x".repeat(17_000) }, null, "EVENT_TOO_LARGE"],
])("refused: a record that claims to be an event with %s", (_, headers, value, expected) => {
  expect(faultOf(() => decodeKafka(headersOf(headers), value))).toContain(expected);
});

test("refused: a header of the event that is not UTF-8, while others may hold any bytes", () => {
  const wrong: Uint8Array = Uint8Array.of(0x61, 0xff);
  const headers = headersOf(required);
  expect(faultOf(() => decodeKafka([...headers, ["ce_subject", wrong]], null))).toBe(
    'EVENT_HEADER_INVALID header "ce_subject" must be UTF-8',
  );
  expect(faultOf(() => decodeKafka([...headers, ["content-type", wrong]], null))).toContain(
    '"content-type" must be UTF-8',
  );
  expect(eventOf([...headers, ["other", wrong]], null).attributes.id).toBe("1");
});

test.each(["binary", "structured"] as const)("round trip: %s mode keeps every event", (mode) => {
  fc.assert(
    fc.property(anyEvent, (event) => {
      const encoded = encodeKafka(event, mode);
      const back = again(encoded);
      if (encoded.mode === "binary") {
        expect(canonical(back)).toEqual(canonical(event));
      } else {
        expect({ ...back.attributes }).toEqual({ ...event.attributes });
      }
    }),
    { numRuns: 200 },
  );
});

test("any record: is an event, none, or an EventFault", () => {
  const name = fc.oneof(fc.constantFrom("ce_id", "CE_TYPE", "ce_specversion", "content-type", "ce_"), fc.string());
  const value = fc.oneof(fc.constantFrom("1.0", structuredType, "{}").map(bytes), fc.uint8Array({ maxLength: 12 }));
  fc.assert(
    fc.property(fc.array(fc.tuple(name, value)), fc.option(value), (headers, body) => {
      try {
        expect(["event", "none"]).toContain(decodeKafka(headers, body).kind);
      } catch (fault) {
        expect(fault).toHaveProperty("code", expect.stringMatching(/^EVENT_/));
      }
    }),
    { numRuns: 200 },
  );
});

/** What both hold in the same way: the SDK rounds times, and takes the key for the partitionkey. */
const word = fc.stringMatching(/^[A-Za-z0-9/._ é%-]{1,12}$/);
const common = fc.record({
  ...{ id: word, type: word, subject: word, ext: word, partitionkey: word },
  source: fc.stringMatching(/^[a-z/]{1,8}$/),
  time: fc.constant("2026-01-31T12:00:00.000Z"),
  datacontenttype: fc.constant("application/json"),
});
const json = fc.dictionary(fc.stringMatching(/^[a-z]{1,4}$/), fc.oneof(fc.integer(), fc.string(), fc.boolean()));

test.each(["binary", "structured"] as const)("agreement: what we write %s, the SDK reads alike", (mode) => {
  fc.assert(
    fc.property(common, json, (attributes, data) => {
      const { headers, value, key } = encodeKafka(createEvent(attributes, bytes(JSON.stringify(data))), mode);
      const message = {
        headers,
        value: Buffer.from(value!).toString(),
        key: key!,
        body: undefined,
        timestamp: undefined,
      };
      const { data: sdkData, ...sdkAttributes } = (SdkKafka.toEvent(message) as SdkEvent).toJSON();
      expect(sdkAttributes).toEqual({ specversion: "1.0", ...attributes });
      expect(sdkData).toEqual(data);
    }),
    { numRuns: 40 },
  );
});

test.each(["binary", "structured"] as const)("agreement: what the SDK writes %s, we read alike", (mode) => {
  fc.assert(
    fc.property(common, json, (attributes, data) => {
      const { headers, value, key } = SdkKafka[mode](new SdkEvent({ ...attributes, data })) as unknown as {
        headers: Record<string, string>;
        value: unknown;
        key: string;
      };
      const body = mode === "binary" ? JSON.stringify(value) : String(value);
      const event = eventOf(headersOf(headers), bytes(body));
      expect({ ...event.attributes }).toEqual({ specversion: "1.0", ...attributes });
      expect(JSON.parse(dataText(event) ?? "")).toEqual(data);
      expect(key).toBe(attributes.partitionkey);
    }),
    { numRuns: 40 },
  );
});

test("difference: the SDK refuses an event without data, and reads a batch; we do the opposite", () => {
  const { headers } = encodeKafka(createEvent(least), "binary");
  const read = (headers: Record<string, string>, value: unknown) =>
    SdkKafka.toEvent({ headers, value, key: "", body: undefined } as Parameters<typeof SdkKafka.toEvent>[0]);
  expect(() => read(headers, null)).toThrow("Value is null");
  expect(eventOf(headersOf(headers), null).data).toBeUndefined();
  expect(read({ "content-type": "application/cloudevents-batch+json" }, "[]")).toEqual([]);
});

test("binary mode: null headers, as the SDK writes for what an event does not have, and empty ones are absent", () => {
  const { headers } = SdkKafka.binary(new SdkEvent({ ...least, time: "2026-01-31T12:00:00.000Z", note: "" }));
  expect(Object.entries(headers)).toContainEqual(["ce_schemaurl", undefined]);
  const given = { ...(headers as Record<string, string | undefined>), ce_subject: "", ce_time: "", "content-type": "" };
  expect({ ...eventOf(headersOf(given), null).attributes }).toEqual({ specversion: "1.0", ...least, note: "" });
});
