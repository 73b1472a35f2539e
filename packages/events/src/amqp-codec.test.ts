import fc from "fast-check";
import { expect, test } from "vitest";
import { type AmqpMessage, decodeAmqp, type EncodedAmqp, encodeAmqp } from "./amqp-codec.ts";
import { createEvent } from "./event-builder.ts";
import { anyEvent, bytes, canonical, dataText, faultOf, least, plain } from "./samples.testing.ts";

const structuredType = "application/cloudevents+json";
const four = { specversion: "1.0", ...least };
const empty: Uint8Array = new Uint8Array(0);

function prefixed(prefix: string, attributes: Record<string, unknown>): Record<string, unknown> {
  return Object.fromEntries(Object.entries(attributes).map(([name, value]) => [prefix + name, value]));
}

function eventOf(message: Partial<AmqpMessage>) {
  const decoded = decodeAmqp({ body: empty, ...message });
  if (decoded.kind !== "event") throw new Error("expected an event");
  return decoded.event;
}

const again = (encoded: EncodedAmqp) => eventOf(encoded);

test("binary mode: attributes are ce- headers as strings, and the content type is the message's", () => {
  const data = bytes("{ }");
  const event = createEvent({ ...least, subject: "é %", n: -5, ok: true, datacontenttype: "text/plain" }, data);
  expect(encodeAmqp(event, "binary")).toEqual({
    mode: "binary",
    contentType: "text/plain",
    headers: { ...prefixed("ce-", four), "ce-subject": "é %", "ce-n": "-5", "ce-ok": "true" },
    body: data,
  });
});

test.each(["ce-", "CE-", "cloudEvents:", "cloudEvents_", ""])(
  'binary mode: headers with the prefix "%s" are attributes, and no others',
  (prefix) => {
    const headers = { ...prefixed(prefix, { ...four, ext: "x" }), "x-death": [{}], "other-id": "2", "x-n": 1 };
    expect({ ...eventOf({ headers, contentType: "a/b" }).attributes }).toEqual({
      ...four,
      ext: "x",
      datacontenttype: "a/b",
    });
  },
);

test("binary mode: of two prefixes only the first known one counts", () => {
  const headers = { ...prefixed("ce-", four), ...prefixed("cloudEvents:", { ...four, id: "2", ext: "x" }) };
  expect({ ...eventOf({ headers }).attributes }).toEqual(four);
});

test("binary mode: a message as Knative's broker writes it is read, its empty content type as none", () => {
  const headers = {
    ...four,
    "content-type": "",
    time: "2026-01-31T12:00:00Z",
    rank: 7,
    tags: ["a"],
    timestamp_in_ms: 5,
  };
  expect({ ...eventOf({ headers, contentType: "" }).attributes }).toEqual({
    ...four,
    time: "2026-01-31T12:00:00Z",
    rank: 7,
  });
  const typed = { ...four, "Content-Type": "text/plain" };
  expect(eventOf({ headers: typed }).attributes.datacontenttype).toBe("text/plain");
});

test("binary mode: typed values become the attribute's type, bytes of extensions base64", () => {
  const headers = prefixed("ce-", {
    ...four,
    id: 7,
    type: Buffer.from("é"),
    time: { "!": "timestamp", value: 1_769_860_800 },
    n: -5,
    ok: false,
    raw: Uint8Array.of(1, 2),
    none: null,
  });
  expect({ ...eventOf({ headers }).attributes }).toEqual({
    ...four,
    id: "7",
    type: "é",
    time: "2026-01-31T12:00:00.000Z",
    n: -5,
    ok: false,
    raw: "AQI=",
  });
});

test("structured mode: is told by the content type in any case, also in a header, and wins over headers", () => {
  const body = bytes('{"specversion":"1.0","id":"9","source":"/s","type":"t","data":{"a":1.0}}');
  const headers = prefixed("ce-", four);
  const contentType = "Application/CloudEvents+JSON; charset=UTF-8";
  expect(decodeAmqp({ contentType, headers, body })).toMatchObject({ kind: "event", mode: "structured" });
  expect(eventOf({ contentType, headers, body }).attributes.id).toBe("9");
  expect(dataText(eventOf({ headers: { "content-type": structuredType }, body }))).toBe('{"a":1.0}');
});

test.each<[string, Partial<AmqpMessage>]>([
  ["no headers", {}],
  ["other headers", { contentType: "application/json", headers: { id: "1", type: "t" } }],
  ["some ce- headers without a version", { headers: { "ce-id": "1" } }],
  ["a bare specversion of something else", { headers: { ...four, specversion: "7" } }],
  ["a version that is null", { headers: { "ce-specversion": null } }],
])("not an event: a message with %s", (_, message) => {
  expect(decodeAmqp({ body: bytes("x"), ...message })).toEqual({ kind: "none" });
});

test.each<[string, Partial<AmqpMessage>, string]>([
  [
    "specversion 0.3",
    { headers: prefixed("ce-", { ...four, specversion: "0.3" }) },
    'specversion "0.3" is not supported',
  ],
  ["a bare specversion 0.3", { headers: { ...four, specversion: "0.3" } }, 'specversion "0.3" is not supported'],
  ["no id", { headers: prefixed("ce-", { specversion: "1.0" }) }, 'required attribute "id" is missing'],
  ["a name that is none", { headers: prefixed("ce-", { ...four, "a-b": "x" }) }, 'attribute "a-b" must be lower-case'],
  [
    "a table",
    { headers: prefixed("ce-", { ...four, a: {} }) },
    'header "ce-a" must be a string, a number or a boolean',
  ],
  ["a fraction", { headers: prefixed("ce-", { ...four, a: 1.5 }) }, "must be a whole number"],
  [
    "an id that is not UTF-8",
    { headers: prefixed("ce-", { ...four, id: Uint8Array.of(255) }) },
    'header "ce-id" must be',
  ],
  ["a content type that is none", { headers: prefixed("ce-", four), contentType: "json" }, "must be a media type"],
  [
    "a batch",
    { contentType: "application/cloudevents-batch+json", body: bytes("[]") },
    "a batch of events in one AMQP",
  ],
  ["another format", { contentType: "application/cloudevents+avro" }, "is not supported in AMQP"],
  ["broken JSON", { contentType: structuredType, body: bytes("{") }, "EVENT_JSON_INVALID"],
])("refused: a message that claims to be an event with %s", (_, message, expected) => {
  expect(faultOf(() => decodeAmqp({ body: empty, ...message }))).toContain(expected);
});

test("binary mode: what AMQP's short strings cannot hold, and data that look like an event, are written structured", () => {
  for (const more of [
    { ["n".repeat(253)]: "x" },
    { datacontenttype: `text/plain; a=${"x".repeat(250)}` },
    { datacontenttype: structuredType },
  ]) {
    const event = createEvent({ ...least, ...more }, bytes("{}"));
    const encoded = encodeAmqp(event, "binary");
    expect(encoded).toMatchObject({ mode: "structured", headers: {}, contentType: `${structuredType}; charset=UTF-8` });
    expect(plain(again(encoded))).toEqual(plain(event));
  }
});

test("round trip: binary mode keeps every event, where data of no bytes are no data", () => {
  fc.assert(
    fc.property(anyEvent, (event) => {
      const encoded = encodeAmqp(event, "binary");
      if (encoded.mode === "structured") return;
      const kept = event.data?.length === 0 ? { ...event, data: undefined } : event;
      expect(canonical(again(encoded))).toEqual(canonical(kept));
    }),
    { numRuns: 200 },
  );
});

test("round trip: structured mode keeps every attribute with its type", () => {
  fc.assert(
    fc.property(anyEvent, (event) => {
      expect({ ...again(encodeAmqp(event, "structured")).attributes }).toEqual({ ...event.attributes });
    }),
    { numRuns: 100 },
  );
});

test("any message: is an event, none, or an EventFault", () => {
  const name = fc.oneof(fc.constantFrom("ce-id", "specversion", "ce-specversion", "content-type", "ce-"), fc.string());
  const headers = fc.dictionary(name, fc.oneof(fc.constant("1.0"), fc.anything()));
  fc.assert(
    fc.property(headers, fc.option(fc.string(), { nil: undefined }), (given, contentType) => {
      try {
        expect(["event", "none"]).toContain(decodeAmqp({ headers: given, contentType, body: bytes("{}") }).kind);
      } catch (fault) {
        expect(fault).toHaveProperty("code", expect.stringMatching(/^EVENT_/));
      }
    }),
    { numRuns: 200 },
  );
});
