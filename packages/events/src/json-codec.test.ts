import fc from "fast-check";
import { expect, test } from "vitest";
import { EventFault } from "./errors.ts";
import { createEvent } from "./event-builder.ts";
import { decodeJson, decodeJsonBatch, encodeJson, encodeJsonBatch } from "./json-codec.ts";
import { anyEvent, bytes, dataText, faultOf, least, plain } from "./samples.testing.ts";

const head = '"specversion":"1.0","id":"1","source":"/s","type":"t"';
const decode = (members: string) => decodeJson(bytes(`{${head}${members === "" ? "" : ","}${members}}`));
const refused = (members: string) => faultOf(() => decode(members));
const encoded = (type: string | undefined, data: Uint8Array | undefined): string => {
  const text = Buffer.from(encodeJson(createEvent({ ...least, datacontenttype: type }, data))).toString();
  return text.slice(text.indexOf('"type":"t"') + 10, -1);
};

test.each([
  ...[
    '{"n":12345678901234567890}',
    "1.50",
    "1e400",
    "-0",
    "null",
    "true",
    '"text"',
    "[]",
    "{}",
    '""',
    '{"b":1,"a":1,"b":2}',
  ],
  ...[
    '{ "a" : [ 1 , "}]\\"" , { "data" : 1 } ] }',
    '"\\u00e9\\\\"',
    '"é😀"',
    `${"[".repeat(20000)}${"]".repeat(20000)}`,
  ],
])("data: JSON is kept to the byte, %s", (raw) => {
  for (const members of [`"data":${raw}`, `"data" :\n\t${raw} , "ext":"x"`, `"d\\u0061ta":${raw}`]) {
    const event = decode(members);
    expect(dataText(event)).toBe(raw);
    expect(event.attributes.datacontenttype).toBe("application/json");
  }
});

test("data: an absent datacontenttype implies application/json only where there is `data`", () => {
  expect(decode('"data":1').attributes.datacontenttype).toBe("application/json");
  expect(decode("").attributes.datacontenttype).toBeUndefined();
  expect(decode('"data_base64":"eyAieHl6IjogMTIzIH0="').attributes.datacontenttype).toBeUndefined();
});

test("data: null is an explicit payload, distinct from absence", () => {
  expect(dataText(decode('"data":null'))).toBe("null");
  expect(decode("").data).toBeUndefined();
  expect(decode('"data_base64":null').data).toBeUndefined();
});

test("data: a string MUST NOT be further deserialized when the type is JSON, and is the text itself when it is not", () => {
  expect(dataText(decode('"datacontenttype":"application/vnd.x+json","data":"{}"'))).toBe('"{}"');
  expect(dataText(decode('"datacontenttype":"application/xml","data":"<much wow=\\"xml\\"/>"'))).toBe(
    '<much wow="xml"/>',
  );
  expect(decode('"data":"","datacontenttype":"text/plain"').data).toHaveLength(0);
});

test.each([
  [
    '"datacontenttype":"text/plain","data":{}',
    '"data" must be a string for datacontenttype "text/plain", not an object',
  ],
  ['"datacontenttype":"text/plain","data":null', '"data" must be a string for datacontenttype "text/plain", not null'],
  ['"datacontenttype":"text/plain;charset=latin1","data":"x"', '"data" cannot be written in the charset of'],
  ['"datacontenttype":"text/plain","data":"\\ud800"', '"data" holds an unpaired surrogate'],
  ['"data":1,"data_base64":"AA=="', 'only one of "data" and "data_base64" is allowed, not both'],
  ['"data":null,"data_base64":"AA=="', "not both"],
  ...["AA", "A", "AA==\\n", "AB==", "A A=", "-_==", "AA==AA=="].map((text) => [
    `"data_base64":"${text}"`,
    "padded base64",
  ]),
  ['"data_base64":5', "padded base64"],
])("data: %s is refused", (members, message) => {
  expect(refused(members!)).toMatch(/^EVENT_DATA_INVALID /);
  expect(refused(members!)).toContain(message);
});

test("data: data_base64 is decoded to bytes, the empty string to none", () => {
  expect([...decode('"data_base64":"AP/+"').data!]).toEqual([0, 255, 254]);
  expect(decode('"data_base64":""').data).toHaveLength(0);
});

test("attributes: null MUST be treated as absent", () => {
  const event = decode('"subject":null,"time":null,"ext":null');
  expect({ ...event.attributes }).toEqual({ specversion: "1.0", ...least });
  expect(faultOf(() => decodeJson(bytes('{"specversion":"1.0","id":null,"source":"/s","type":"t"}')))).toBe(
    'EVENT_ATTRIBUTE_MISSING required attribute "id" is missing',
  );
  expect(refused('"Foo":null')).toContain("lower-case");
});

test("attributes: booleans and integers keep their type", () => {
  expect({ ...decode('"a":true,"b":-7,"c":"5"').attributes }).toMatchObject({ a: true, b: -7, c: "5" });
});

test.each([
  ['"id":"2"', 'EVENT_DUPLICATE_ATTRIBUTE member "id" is given more than once'],
  ['"\\u0069d":"1"', 'EVENT_DUPLICATE_ATTRIBUTE member "id" is given more than once'],
  ['"data":1,"data":1', 'EVENT_DUPLICATE_ATTRIBUTE member "data" is given more than once'],
  ['"ext":null,"ext":"x"', 'EVENT_DUPLICATE_ATTRIBUTE member "ext" is given more than once'],
  ['"ext":5.0', 'EVENT_ATTRIBUTE_INVALID attribute "ext" must be written as a whole number'],
  ['"ext":5e3', 'EVENT_ATTRIBUTE_INVALID attribute "ext" must be written as a whole number'],
  ['"ext":1.5', 'EVENT_ATTRIBUTE_INVALID attribute "ext" must be a whole number from'],
  ['"ext":2147483648', 'EVENT_ATTRIBUTE_INVALID attribute "ext" must be a whole number from'],
  ['"ext":{}', 'EVENT_ATTRIBUTE_INVALID attribute "ext" must be a string, a boolean or a whole number, not an object'],
  ['"__proto__":"x"', 'EVENT_ATTRIBUTE_INVALID attribute "__proto__" must be lower-case letters and digits'],
  ['"Foo":"x"', 'EVENT_ATTRIBUTE_INVALID attribute "Foo" must be lower-case letters and digits'],
  ['"time":5', 'EVENT_ATTRIBUTE_INVALID attribute "time" must be a string, not 5'],
  ['"ext":"\\u0000"', 'EVENT_ATTRIBUTE_INVALID attribute "ext" must not hold the character U+0000'],
])("attributes: %s is refused", (members, message) => {
  expect(refused(members)).toContain(message);
});

test.each(["", "{", "[", "nope", '{"a":1,}', "\ufeff{}", `{${head}} x`])("document: %j is not JSON", (text) => {
  expect(faultOf(() => decodeJson(bytes(text)))).toMatch(/^EVENT_JSON_INVALID the body is not valid JSON: /);
});

test("document: is UTF-8 and an object", () => {
  expect(faultOf(() => decodeJson(new Uint8Array([0x22, 0xff, 0x22])))).toBe(
    "EVENT_JSON_INVALID the body is not valid UTF-8",
  );
  expect(faultOf(() => decodeJson(bytes("[]")))).toBe("EVENT_JSON_INVALID expected a JSON object, not an array");
  expect(faultOf(() => decodeJson(bytes("null")))).toBe("EVENT_JSON_INVALID expected a JSON object, not null");
});

test.each([
  [
    "application/json",
    '{"n":12345678901234567890}',
    ',"datacontenttype":"application/json","data":{"n":12345678901234567890}',
  ],
  ["a/b+json", "null", ',"datacontenttype":"a/b+json","data":null'],
  ["application/json", "not json", ',"datacontenttype":"application/json","data_base64":"bm90IGpzb24="'],
  ["application/json", "", ',"datacontenttype":"application/json","data_base64":""'],
  ["text/plain", 'a"\n', ',"datacontenttype":"text/plain","data":"a\\"\\n"'],
  ["text/plain", "", ',"datacontenttype":"text/plain","data":""'],
  ["application/octet-stream", "a", ',"datacontenttype":"application/octet-stream","data_base64":"YQ=="'],
  [undefined, "1", ',"data_base64":"MQ=="'],
])("encoding: %s with %j", (type, data, expected) => {
  expect(encoded(type, bytes(data))).toBe(expected);
});

test("encoding: text that is not UTF-8 becomes base64, and no data nothing", () => {
  expect(encoded("text/plain", new Uint8Array([0xe9]))).toContain('"data_base64":"6Q=="');
  expect(encoded("text/plain; charset=latin1", bytes("x"))).toContain('"data_base64":"eA=="');
  expect(encoded("text/plain", undefined)).toBe(',"datacontenttype":"text/plain"');
});

test("batch: all events, each with its own data to the byte", () => {
  const one = `{${head},"data": {"a":[1, 2.0]} }`;
  const events = decodeJsonBatch(bytes(` [ ${one} ,\n{${head},"data_base64":"AA=="},{${head}},${one}]\n`));
  expect(events.map(dataText)).toEqual(['{"a":[1, 2.0]}', "\u0000", undefined, '{"a":[1, 2.0]}']);
  expect(decodeJsonBatch(bytes("[]"))).toEqual([]);
});

test("batch: a fault says which event it was, and none is given", () => {
  const good = `{${head}}`;
  expect(faultOf(() => decodeJsonBatch(bytes(`[${good},${good},{}]`)))).toBe(
    'EVENT_ATTRIBUTE_MISSING event 3 of 3: required attribute "specversion" is missing',
  );
  expect(faultOf(() => decodeJsonBatch(bytes(`[5,${good}]`)))).toBe(
    "EVENT_BATCH_INVALID event 1 of 2: expected a JSON object, not a number",
  );
  expect(faultOf(() => decodeJsonBatch(bytes(good)))).toBe(
    "EVENT_BATCH_INVALID expected a JSON array of events, not an object",
  );
});

test("batch: what is written is read again", () => {
  fc.assert(
    fc.property(fc.array(anyEvent, { maxLength: 4 }), (events) => {
      const back = decodeJsonBatch(encodeJsonBatch(events));
      const again = decodeJsonBatch(encodeJsonBatch(back));
      expect(back.map((event) => ({ ...event.attributes }))).toEqual(events.map((event) => ({ ...event.attributes })));
      expect(again.map(plain)).toEqual(back.map(plain));
    }),
    { numRuns: 100 },
  );
});

test("document: whatever the bytes, there is an event or an EventFault", () => {
  const part = fc.constantFrom(
    '{"id":',
    '"data"',
    ":",
    ",",
    "{",
    "}",
    "[",
    "]",
    '"\\',
    '"',
    "1",
    "null",
    head,
    " ",
    "\\u0061",
  );
  const text = fc.oneof(
    fc.array(part).map((parts) => parts.join("")),
    fc.json(),
  );
  const input = fc.oneof(
    fc.uint8Array(),
    text.map((value) => bytes(value)),
    text.map((value) => bytes(`{${head},${value}}`)),
  );
  fc.assert(
    fc.property(input, (body) => {
      for (const decodeAny of [decodeJson, decodeJsonBatch]) {
        try {
          decodeAny(body);
        } catch (thrown) {
          expect(thrown).toBeInstanceOf(EventFault);
        }
      }
    }),
    { numRuns: 500 },
  );
});

test("data: the span is what JSON.parse sees, for any JSON written with any white space", () => {
  const layout = fc.constantFrom(undefined, 1, "\t", "\n");
  fc.assert(
    fc.property(fc.jsonValue(), layout, (data, indent) => {
      const text = JSON.stringify({ data, ...least, specversion: "1.0" }, undefined, indent);
      const raw = dataText(decodeJson(bytes(text)));
      expect(JSON.parse(raw ?? "")).toEqual(JSON.parse(JSON.stringify(data)));
      expect(raw).toBe(raw?.trim());
    }),
    { numRuns: 200 },
  );
});
