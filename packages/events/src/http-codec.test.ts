import fc from "fast-check";
import { expect, test } from "vitest";
import { EventFault } from "./errors.ts";
import { createEvent } from "./event-builder.ts";
import { decodeHttp, encodeHttp, encodeHttpBatch, type HttpHeaders } from "./http-codec.ts";
import { anyEvent, bytes, canonical, dataText, faultOf, least, plain } from "./samples.testing.ts";

const required = ["ce-specversion", "1.0", "ce-id", "1", "ce-source", "/s", "ce-type", "t"];
const empty: Uint8Array = new Uint8Array(0);

function eventOf(headers: HttpHeaders, body = empty) {
  const message = decodeHttp(headers, body);
  if (message.kind !== "event") throw new Error("expected a single event");
  return message.event;
}
const subjectOf = (value: string) => eventOf([...required, "ce-subject", value]).attributes.subject;
const refused = (headers: HttpHeaders, body = empty) => faultOf(() => decodeHttp(headers, body));

test("binary mode: header names are case-insensitive, and other headers are not attributes", () => {
  const raw = [
    "Host",
    "x",
    "CE-SpecVersion",
    "1.0",
    "Ce-Id",
    "1",
    "ce-SOURCE",
    "/s",
    "cE-type",
    "t",
    "cex",
    "y",
    "c",
    "z",
  ];
  expect({ ...eventOf(raw).attributes }).toEqual({ specversion: "1.0", ...least });
});

test("binary mode: Content-Type is datacontenttype to the letter, and the body is the data", () => {
  const body = bytes('{ "big": 12345678901234567890 }\n');
  const event = eventOf([...required, "Content-Type", "Application/JSON; charset=UTF-8"], body);
  expect(event.attributes.datacontenttype).toBe("Application/JSON; charset=UTF-8");
  expect(event.data).toBe(body);
});

test("binary mode: a ce-datacontenttype header MUST NOT also be present", () => {
  expect(refused([...required, "ce-datacontenttype", "text/plain"])).toBe(
    'EVENT_HEADER_INVALID header "ce-datacontenttype" is not allowed in HTTP',
  );
});

test("binary mode: an empty body is no data, with a content type or without", () => {
  expect(eventOf(required).data).toBeUndefined();
  expect(eventOf([...required, "content-type", "text/plain"]).data).toBeUndefined();
});

test.each([
  ["Euro%20%E2%82%AC%20%F0%9F%98%80", "Euro € 😀"],
  ["%e2%82%ac", "€"],
  ["%41%62", "Ab"],
  ["100%25", "100%"],
  ["%2520", "%20"],
  ["plain with spaces", "plain with spaces"],
  ['"quoted \\"inner\\" \\\\"', 'quoted "inner" \\'],
  ['"a%20b"', "a b"],
  ['say "hi"', 'say "hi"'],
])("binary mode: a header value is unquoted, then percent-decoded once, %j", (value, expected) => {
  expect(subjectOf(value)).toBe(expected);
});

test.each(["%C0%A0", "%ED%A0%80", "%FF", "%", "%4", "%zz", "100%", "%E2%82"])(
  "binary mode: sequences that are invalid in UTF-8 MUST be rejected, %j",
  (value) => {
    expect(() => subjectOf(value)).toThrow('header "ce-subject" is not percent-encoded UTF-8');
  },
);

test.each(["caf\u00e9", "a\tb", "a\u0000b", '"open', '"a"b"', '"a\\"'])(
  "binary mode: a header value that no sender may write is refused, %j",
  (value) => {
    expect(refused([...required, "ce-subject", value])).toMatch(/^EVENT_HEADER_INVALID header "ce-subject" /);
  },
);

test("binary mode: an escaped control character is refused as an attribute", () => {
  expect(() => subjectOf("a%0D%0Ax-evil:%201")).toThrow('attribute "subject" must not hold the character U+000D');
});

test("binary mode: attributes and content type given twice are refused", () => {
  expect(refused([...required, "CE-ID", "1"])).toBe('EVENT_DUPLICATE_ATTRIBUTE attribute "id" is given more than once');
  expect(refused({ "ce-id": ["1", "2"] })).toContain("EVENT_DUPLICATE_ATTRIBUTE");
  expect(refused(["Content-Type", "a/b", "content-type", "a/b"])).toContain("EVENT_HEADER_INVALID");
});

test.each([
  [["ce-id", "1"], 'EVENT_ATTRIBUTE_MISSING required attribute "specversion" is missing'],
  [required.slice(0, 6), 'EVENT_ATTRIBUTE_MISSING required attribute "type" is missing'],
  [
    [...required, "ce-foo-bar", "x"],
    'EVENT_ATTRIBUTE_INVALID attribute "foo-bar" must be lower-case letters and digits',
  ],
  [[...required, "ce-", "x"], 'EVENT_ATTRIBUTE_INVALID attribute "" must be lower-case letters and digits'],
  [[...required, "ce-data", "x"], 'EVENT_ATTRIBUTE_INVALID attribute "data" is not allowed: the name is reserved'],
  [["ce-specversion", "0.3"], 'EVENT_SPECVERSION_UNSUPPORTED specversion "0.3" is not supported; expected "1.0"'],
  [
    [...required, "content-type", "nonsense"],
    'EVENT_ATTRIBUTE_INVALID attribute "datacontenttype" must be a media type',
  ],
])("binary mode: %j is refused", (headers, message) => {
  expect(refused(headers)).toContain(message);
});

test.each([
  [[], "no content type"],
  [["content-type", "application/json"], 'content type "application/json"'],
])("no CloudEvent: a message with %j is of no supported media type", (headers, came) => {
  expect(refused(headers)).toBe(
    `EVENT_MEDIA_TYPE_UNSUPPORTED expected a CloudEvent, but there are no ce-* headers and ${came}`,
  );
});

test.each([
  "application/cloudevents+json",
  "Application/CloudEvents+JSON",
  "application/cloudevents+json;charset=UTF-8",
  'application/cloudevents+json ; charset="utf-8"; x=y',
])("structured mode: is told by the media type in any case and with parameters, %s", (type) => {
  const body = bytes('{"specversion":"1.0","id":"1","source":"/s","type":"t"}');
  const message = decodeHttp({ "Content-Type": type, "ce-id": "ignored" }, body);
  expect([message.kind, message.mode]).toEqual(["event", "structured"]);
  expect(eventOf({ "Content-Type": type }, body).attributes.id).toBe("1");
});

test.each([
  ["application/cloudevents", "is not supported"],
  ["application/cloudevents+avro", "is not supported"],
  ["application/cloudevents-batch+avro", "is not supported"],
  ["application/cloudevents+json; charset", "is not supported"],
  ["application/cloudevents+json; charset=iso-8859-1", 'charset "iso-8859-1" is not supported'],
])("structured mode: %s is refused", (type, message) => {
  expect(refused(["content-type", type], bytes("{}"))).toMatch(/^EVENT_MEDIA_TYPE_UNSUPPORTED /);
  expect(refused(["content-type", type], bytes("{}"))).toContain(message);
});

test("batched mode: is told by its media type and gives all events", () => {
  const events = [createEvent(least, bytes("a")), createEvent({ ...least, id: "2" })];
  const { headers, body } = encodeHttpBatch(events);
  const message = decodeHttp(headers, body);
  expect(message.kind === "batch" && message.events.map(plain)).toEqual(events.map(plain));
});

test("encoding: every attribute is a header, and no value can end a header line", () => {
  const event = createEvent(
    { ...least, subject: 'a "b" 5% €', n: -5, b: true, datacontenttype: "text/plain" },
    bytes("x"),
  );
  expect(encodeHttp(event, "binary")).toEqual({
    mode: "binary",
    headers: {
      "ce-specversion": "1.0",
      "ce-id": "1",
      "ce-source": "/s",
      "ce-type": "t",
      "ce-subject": "a%20%22b%22%205%25%20%E2%82%AC",
      "ce-n": "-5",
      "ce-b": "true",
      "content-type": "text/plain",
    },
    body: event.data,
  });
});

test("encoding: an event that carries a CloudEvents document is sent structured", () => {
  const event = createEvent({ ...least, datacontenttype: "application/cloudevents+json" }, bytes('{"id":"inner"}'));
  const sent = encodeHttp(event, "binary");
  expect(sent.mode).toBe("structured");
  expect(plain(eventOf(sent.headers, sent.body))).toEqual(plain(event));
});

const printable = /^[!-~]([ -~]*[!-~])?$|^$/;

test("round trip: binary mode keeps every event, its typed values as strings and empty data as none", () => {
  fc.assert(
    fc.property(anyEvent, (event) => {
      const { mode, headers, body } = encodeHttp(event, "binary");
      fc.pre(mode === "binary");
      for (const value of Object.values(headers)) expect(value).toMatch(printable);
      const expected = canonical(event);
      const raw = Object.entries(headers).flatMap(([name, value]) => [name.toUpperCase(), value]);
      expect(canonical(eventOf(raw, body))).toEqual({ ...expected, data: expected.data || undefined });
    }),
    { numRuns: 300 },
  );
});

test("round trip: structured mode keeps every event, types included", () => {
  fc.assert(
    fc.property(anyEvent, (event) => {
      const { headers, body } = encodeHttp(event, "structured");
      const back = eventOf(headers, body);
      expect({ ...back.attributes }).toEqual({ ...event.attributes });
      // White space around a JSON value is the one thing that is not kept.
      const json = /\bjson/.test(event.attributes.datacontenttype ?? "");
      if (json) expect(dataText(back)?.trim()).toBe(dataText(event)?.trim());
      else expect(plain(back)).toEqual(plain(event));
    }),
    { numRuns: 300 },
  );
});

test("binary mode: whatever the headers, there is an event or an EventFault", () => {
  const name = fc.constantFrom("ce-id", "ce-time", "CE-source", "ce-ext", "ce-Ünicode", "ce-", "content-type", "x");
  const part = fc.constantFrom(
    '"',
    "\\",
    "%",
    "%41",
    "%C3%A9",
    "%ff",
    "é",
    " ",
    "a/b",
    ";",
    "=",
    "1",
    "\u0000",
    "\ud800",
  );
  const value = fc.array(part).map((parts) => parts.join(""));
  fc.assert(
    fc.property(fc.array(fc.tuple(name, value)), (pairs) => {
      try {
        decodeHttp([...required, ...pairs.flat()], empty);
      } catch (thrown) {
        expect(thrown).toBeInstanceOf(EventFault);
      }
    }),
    { numRuns: 300 },
  );
});
