import { HTTP, CloudEvent as SdkEvent } from "cloudevents";
import fc from "fast-check";
import { expect, test } from "vitest";
import { createEvent } from "./event-builder.ts";
import { decodeHttp, encodeHttp } from "./http-codec.ts";
import { bytes, dataText, faultOf, least } from "./samples.testing.ts";

/*
 * The `cloudevents` SDK is an oracle where it follows the specification (first part). The second part is the list of
 * what it repairs, loses or accepts and what this package does instead: it says why the codecs are our own, and fails
 * when a new version of the SDK changes its ways.
 */

const json = "application/cloudevents+json";
const document = (members: string): string => `{"specversion":"1.0",${members}}`;
const four = '"id":"1","source":"/s","type":"t"';
const ceHeaders = { "ce-specversion": "1.0", "ce-id": "1", "ce-source": "/s", "ce-type": "t" };

interface Given {
  readonly headers: Record<string, string>;
  readonly body: string;
}
const structured = (members: string): Given => ({ headers: { "content-type": json }, body: document(members) });
const binary = (headers: Record<string, string>, body = ""): Given => ({ headers: { ...ceHeaders, ...headers }, body });

function sdk({ headers, body }: Given): SdkEvent<unknown> {
  const event = HTTP.toEvent({ headers: { ...headers }, body });
  if (Array.isArray(event)) throw new Error("expected a single event");
  return event as SdkEvent<unknown>;
}

function ours({ headers, body }: Given) {
  const message = decodeHttp(headers, bytes(body));
  if (message.kind !== "event") throw new Error("expected a single event");
  return message.event;
}

/** What both can hold in the same way: strings of printable ASCII without percent, as the SDK does not encode. */
const word = fc.stringMatching(/^[A-Za-z0-9/._-]{1,12}$/);
const common = fc.record({
  id: word,
  source: word,
  type: word,
  subject: word,
  time: fc.constant("2026-01-31T12:00:00.000Z"),
  datacontenttype: fc.constant("application/json"),
  ext: word,
});
const value = fc.dictionary(fc.stringMatching(/^[a-z]{1,4}$/), fc.oneof(fc.integer(), fc.string(), fc.boolean()));

test.each(["binary", "structured"] as const)("agreement: what we write %s, the SDK reads alike", (mode) => {
  fc.assert(
    fc.property(common, value, (attributes, data) => {
      const { headers, body } = encodeHttp(createEvent(attributes, bytes(JSON.stringify(data))), mode);
      const { data: sdkData, ...sdkAttributes } = sdk({ headers, body: Buffer.from(body).toString() }).toJSON();
      expect(sdkAttributes).toEqual({ specversion: "1.0", ...attributes });
      expect(sdkData).toEqual(data);
    }),
    { numRuns: 40 },
  );
});

test.each(["binary", "structured"] as const)("agreement: what the SDK writes %s, we read alike", (mode) => {
  fc.assert(
    fc.property(common, value, (attributes, data) => {
      const { headers, body } = HTTP[mode](new SdkEvent({ ...attributes, data }));
      const event = ours({ headers: headers as Record<string, string>, body: String(body) });
      // The SDK writes a charset of its own choice into the content type of binary messages.
      expect({ ...event.attributes, datacontenttype: "application/json" }).toEqual({
        specversion: "1.0",
        ...attributes,
      });
      expect(JSON.parse(dataText(event) ?? "")).toEqual(data);
    }),
    { numRuns: 40 },
  );
});

test.each<[string, Given, string]>([
  ["broken JSON", { headers: { "content-type": json }, body: "{" }, "EVENT_JSON_INVALID"],
  ["no event at all", { headers: { "content-type": "text/plain" }, body: "x" }, "EVENT_MEDIA_TYPE_UNSUPPORTED"],
])("agreement: both refuse %s", (_, given, code) => {
  expect(() => sdk(given)).toThrow();
  expect(faultOf(() => ours(given))).toContain(code);
});

/** A case where the SDK differs: what it gives, and the beginning of our refusal or what we give. */
type Difference = readonly [
  name: string,
  given: Given,
  sdkGives: (event: SdkEvent<unknown>) => unknown,
  expected: unknown,
  ours: string | ((event: ReturnType<typeof ours>) => unknown),
  oursExpected?: unknown,
];

const uuid = expect.stringMatching(/^[0-9a-f-]{36}$/);
const instant = expect.stringMatching(/^\d{4}-\d\d-\d\dT/);
const wide = '{"n":12345678901234567890}';

const differences: readonly Difference[] = [
  [
    "accepts a missing source",
    structured('"id":"1","type":"t"'),
    (e) => e.source,
    undefined,
    'required attribute "source" is missing',
  ],
  [
    "accepts a missing type",
    structured('"id":"1","source":"/s"'),
    (e) => e.type,
    undefined,
    'required attribute "type" is missing',
  ],
  [
    "forgets an empty type",
    structured('"id":"1","source":"/s","type":""'),
    (e) => e.type,
    undefined,
    'attribute "type" must be a non-empty',
  ],
  [
    "invents a missing id",
    structured('"source":"/s","type":"t"'),
    (e) => e.id,
    uuid,
    'required attribute "id" is missing',
  ],
  [
    "invents an empty id",
    structured('"id":"","source":"/s","type":"t"'),
    (e) => e.id,
    uuid,
    'attribute "id" must be a non-empty',
  ],
  [
    "replaces a time that is none",
    structured(`${four},"time":"nonsense"`),
    (e) => e.time,
    instant,
    'attribute "time" must be an RFC 3339',
  ],
  ["adds a time to a binary event", binary({}), (e) => e.time, instant, (e) => e.attributes.time, undefined],
  [
    "loses offset and nanoseconds of a time",
    structured(`${four},"time":"2026-01-31T12:00:00.123456789+05:30"`),
    (e) => e.time,
    "2026-01-31T06:30:00.123Z",
    (e) => e.attributes.time,
    "2026-01-31T12:00:00.123456789+05:30",
  ],
  [
    "accepts an upper-case name",
    structured(`${four},"Foo":"x"`),
    (e) => e.Foo,
    "x",
    'attribute "Foo" must be lower-case',
  ],
  [
    "accepts an underscore in a name",
    structured(`${four},"a_b":"x"`),
    (e) => e.a_b,
    "x",
    'attribute "a_b" must be lower-case',
  ],
  [
    "accepts an object as extension",
    structured(`${four},"ext":{"a":1}`),
    (e) => e.ext,
    { a: 1 },
    'attribute "ext" must be a string',
  ],
  [
    "accepts specversion 0.3",
    { headers: { "content-type": json }, body: `{"specversion":"0.3",${four}}` },
    (e) => e.specversion,
    "0.3",
    'specversion "0.3" is not supported; expected "1.0"',
  ],
  [
    "accepts a space in source",
    structured('"id":"1","source":"a b","type":"t"'),
    (e) => e.source,
    "a b",
    'attribute "source" must be a non-empty URI reference without spaces',
  ],
  [
    "lets the last of two attributes win",
    structured(`${four},"id":"2"`),
    (e) => e.id,
    "2",
    'member "id" is given more than once',
  ],
  ["drops data that are null", structured(`${four},"data":null`), (e) => e.data, undefined, dataText, "null"],
  [
    "rounds big integers in data",
    structured(`${four},"data":${wide}`),
    (e) => JSON.stringify(e.data),
    '{"n":12345678901234567000}',
    dataText,
    wide,
  ],
  [
    "does not percent-decode headers",
    binary({ "ce-subject": "a%20b" }),
    (e) => e.subject,
    "a%20b",
    (e) => e.attributes.subject,
    "a b",
  ],
];

const named = differences.map((difference) => ({ name: difference[0], difference }));

test.each(named)("difference: the SDK $name; we do not", ({ difference }) => {
  const [, given, look, expected, own, ownExpected] = difference;
  expect(look(sdk(given))).toEqual(expected);
  if (typeof own === "string") expect(faultOf(() => ours(given))).toContain(own);
  else expect(own(ours(given))).toEqual(ownExpected);
});

test.each([`${json}; charset=UTF-8`, "Application/CloudEvents+JSON"])(
  "difference: the SDK refuses %s; we do not",
  (type) => {
    const given = { headers: { "content-type": type }, body: document(four) };
    expect(() => sdk(given)).toThrow();
    expect(ours(given).attributes.id).toBe("1");
  },
);

test("difference: the SDK turns a binary JSON body given as bytes into base64; we keep it", () => {
  const headers = { ...ceHeaders, "content-type": "application/json" };
  const event = HTTP.toEvent({ headers, body: Buffer.from('{"a":1}') }) as SdkEvent<unknown>;
  expect(event.toJSON().data_base64).toBe(Buffer.from('{"a":1}').toString("base64"));
  expect(dataText(ours({ headers, body: '{"a":1}' }))).toBe('{"a":1}');
});

test("difference: the SDK writes header values as they are; we percent-encode them", () => {
  const attributes = { ...least, subject: "a\r\nx-evil: 1" };
  const written = HTTP.binary(new SdkEvent(attributes)).headers["ce-subject"];
  expect(written).toBe("a\r\nx-evil: 1");
  expect(faultOf(() => createEvent(attributes))).toContain("U+000D");
  expect(encodeHttp(createEvent({ ...least, subject: "a é" }), "binary").headers["ce-subject"]).toBe("a%20%C3%A9");
});
