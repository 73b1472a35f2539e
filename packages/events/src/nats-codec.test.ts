import fc from "fast-check";
import { expect, test } from "vitest";
import { createEvent } from "./event-builder.ts";
import { decodeNats, encodeNats } from "./nats-codec.ts";
import { anyEvent, bytes, canonical, dataText, faultOf, least } from "./samples.testing.ts";

const required = { "ce-specversion": "1.0", "ce-id": "1", "ce-source": "/s", "ce-type": "t" };
const empty: Uint8Array = new Uint8Array(0);

test("binary mode: every attribute is a ce- header, percent-encoded, and data are untouched", () => {
  const data = bytes("{ }");
  const event = createEvent(
    { ...least, subject: "é %", n: 5, datacontenttype: "application/json; charset=utf-8" },
    data,
  );
  expect(encodeNats(event)).toEqual({
    headers: {
      ...required,
      "ce-subject": "%C3%A9%20%25",
      "ce-n": "5",
      "ce-datacontenttype": "application/json;%20charset=utf-8",
    },
    data,
  });
});

test("binary mode: header names may be in any case, and other headers are not the event's", () => {
  const headers = {
    "CE-Specversion": "1.0",
    "Ce-Id": "1",
    "ce-source": "/s",
    "ce-type": "t",
    "Nats-Msg-Id": "x",
    "rouse-format": "1",
  };
  expect({ ...decodeNats(headers, empty).attributes }).toEqual({ specversion: "1.0", ...least });
});

test("binary mode: a content-type stands for ce-datacontenttype where that is missing", () => {
  const other = { ...required, "Content-Type": "text/plain" };
  expect(decodeNats(other, empty).attributes.datacontenttype).toBe("text/plain");
  expect(decodeNats({ ...other, "ce-datacontenttype": "a/b" }, empty).attributes.datacontenttype).toBe("a/b");
});

test("binary mode: data of no bytes and no data stay two things", () => {
  for (const data of [undefined, empty]) {
    const { headers, data: sent } = encodeNats(createEvent(least, data));
    expect(sent).toHaveLength(0);
    expect(decodeNats(headers, sent).data).toEqual(data);
  }
});

test("structured mode: is read when the content type says so", () => {
  const body = bytes('{"specversion":"1.0","id":"1","source":"/s","type":"t","data":{"a":1.0}}');
  expect(dataText(decodeNats({ "Content-Type": "Application/CloudEvents+JSON; charset=UTF-8" }, body))).toBe(
    '{"a":1.0}',
  );
  for (const type of ["application/cloudevents+avro", "application/cloudevents-batch+json"]) {
    expect(faultOf(() => decodeNats({ "content-type": type }, body))).toBe(
      `EVENT_MEDIA_TYPE_UNSUPPORTED content type "${type}" is not supported in NATS`,
    );
  }
});

test("not an event: a plain message and one with attributes in two cases are refused", () => {
  expect(faultOf(() => decodeNats({}, bytes("hello")))).toBe(
    'EVENT_ATTRIBUTE_MISSING required attribute "specversion" is missing',
  );
  expect(faultOf(() => decodeNats({ ...required, "CE-ID": "2" }, empty))).toContain("EVENT_DUPLICATE_ATTRIBUTE");
});

test("round trip: keeps every event, its typed values as strings", () => {
  fc.assert(
    fc.property(anyEvent, (event) => {
      const { headers, data } = encodeNats(event);
      for (const value of Object.values(headers)) expect(value).toMatch(/^[!-~]*$/);
      expect(canonical(decodeNats(headers, data))).toEqual(canonical(event));
    }),
    { numRuns: 300 },
  );
});
