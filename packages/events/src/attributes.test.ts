import { expect, test } from "vitest";
import { attributeText, isAttributeName } from "./attributes.ts";
import { createEvent } from "./event-builder.ts";
import { faultOf, least } from "./samples.testing.ts";

const refused = (changes: Record<string, unknown>): string =>
  faultOf(() => createEvent({ ...least, ...(changes as Record<string, string>) }));

test("attribute names: MUST consist of lower-case letters or digits from the ASCII character set", () => {
  expect(["a", "0", "comexampleextension1", "constructor", "x".repeat(200)].every(isAttributeName)).toBe(true);
  expect(["", "Foo", "a_b", "a-b", "a b", "é", "ａ", "a.b"].some(isAttributeName)).toBe(false);
  expect(refused({ Foo: "x" })).toBe('EVENT_ATTRIBUTE_INVALID attribute "Foo" must be lower-case letters and digits');
});

test("attribute names: MUST NOT be `data`", () => {
  expect(isAttributeName("data")).toBe(false);
  expect(refused({ data: "x" })).toBe('EVENT_ATTRIBUTE_INVALID attribute "data" is not allowed: the name is reserved');
});

test.each([
  "\u0000",
  "\u001f",
  "\n",
  "\u007f",
  "\u0085",
  "\u009f",
  "\ufdd0",
  "\ufdef",
  "\ufffe",
  "\uffff",
  "\u{1ffff}",
  "\u{10fffe}",
])("strings: control characters and noncharacters are disallowed, %j", (character) => {
  expect(refused({ subject: `a${character}b` })).toMatch(
    /^EVENT_ATTRIBUTE_INVALID attribute "subject" must not hold the character U\+/,
  );
  expect(refused({ ext: character })).toContain("must not hold");
});

test("strings: surrogates are disallowed unless used properly in pairs", () => {
  expect(refused({ ext: "\udead" })).toContain("U+DEAD");
  expect(refused({ ext: "\ud800" })).toContain("U+D800");
  expect(refused({ ext: "\udead\ud800" })).toContain("U+DEAD");
  expect(createEvent({ ...least, ext: "\ud800\udead é \u00a0" }).attributes.ext).toBe("\ud800\udead é \u00a0");
});

test("integers: whole numbers in the range of signed 32 bits", () => {
  for (const value of [0, -1, 2 ** 31 - 1, -(2 ** 31)]) {
    expect(createEvent({ ...least, ext: value }).attributes.ext).toBe(value);
  }
  for (const value of [2 ** 31, -(2 ** 31) - 1, 0.5, Number.NaN, Number.POSITIVE_INFINITY]) {
    expect(refused({ ext: value })).toBe(
      `EVENT_ATTRIBUTE_INVALID attribute "ext" must be a whole number from -2147483648 to 2147483647, not ${value}`,
    );
  }
});

test.each([
  ["an object", {}],
  ["an array", ["x"]],
  ["null", null],
])("extensions: %s is none of the types of attributes", (shown, value) => {
  expect(refused({ ext: value })).toBe(
    `EVENT_ATTRIBUTE_INVALID attribute "ext" must be a string, a boolean or a whole number, not ${shown}`,
  );
});

test("canonical strings: true, false, whole numbers and text", () => {
  expect([true, false, -5, 0, "x"].map(attributeText)).toEqual(["true", "false", "-5", "0", "x"]);
});

test.each(["id", "source", "type", "subject"])("%s: MUST be a non-empty string", (name) => {
  expect(refused({ [name]: "" })).toMatch(
    new RegExp(`^EVENT_ATTRIBUTE_INVALID attribute "${name}" must be a non-empty`),
  );
  expect(refused({ [name]: 5 })).toBe(`EVENT_ATTRIBUTE_INVALID attribute "${name}" must be a string, not 5`);
});

test.each(["id", "source", "type"])("%s: is REQUIRED", (name) => {
  expect(refused({ [name]: undefined })).toBe(`EVENT_ATTRIBUTE_MISSING required attribute "${name}" is missing`);
});

test("specversion: only 1.0 is understood, and others are named", () => {
  expect(refused({ specversion: "0.3" })).toBe(
    'EVENT_SPECVERSION_UNSUPPORTED specversion "0.3" is not supported; expected "1.0"',
  );
  expect(refused({ specversion: "" })).toContain('specversion "" is not supported');
});

test("source: MUST be a URI-reference, so holds no spaces", () => {
  for (const source of [
    "https://github.com/cloudevents",
    "mailto:a@b.c",
    "urn:uuid:1",
    "/a/b",
    "1-555-123-4567",
    "#f",
  ]) {
    expect(createEvent({ ...least, source }).attributes.source).toBe(source);
  }
  expect(refused({ source: "a b" })).toBe(
    'EVENT_ATTRIBUTE_INVALID attribute "source" must be a non-empty URI reference without spaces, not "a b"',
  );
});

test("dataschema: MUST be a non-empty URI", () => {
  expect(createEvent({ ...least, dataschema: "https://x/y#z" }).attributes.dataschema).toBe("https://x/y#z");
  for (const dataschema of ["", "/relative", "a b:c", "http://x y"]) {
    expect(refused({ dataschema })).toContain("must be a URI with a scheme");
  }
});

test.each([
  "2018-04-05T17:31:00Z",
  "2018-04-05t17:31:00z",
  "2026-12-31T23:59:60Z",
  "2024-02-29T00:00:00.123456789123+14:00",
  "0000-01-01T00:00:00-00:00",
  "2000-02-29T00:00:00Z",
])("time: adheres to RFC 3339 and is kept to the letter, %s", (time) => {
  expect(createEvent({ ...least, time }).attributes.time).toBe(time);
});

test.each([
  ...[
    "",
    "now",
    "2018-04-05",
    "2018-04-05T17:31:00",
    "2018-04-05 17:31:00Z",
    "2018-4-5T17:31:00Z",
    "2018-04-05T17:31Z",
  ],
  ...["2018-02-29T00:00:00Z", "1900-02-29T00:00:00Z", "2018-04-31T00:00:00Z", "2018-13-01T00:00:00Z"],
  ...["2018-00-01T00:00:00Z", "2018-01-00T00:00:00Z", "2018-04-05T24:00:00Z", "2018-04-05T17:60:00Z"],
  ...["2018-04-05T17:31:61Z", "2018-04-05T17:31:00.Z", "2018-04-05T17:31:00+5:00", "2018-04-05T17:31:00+24:00"],
  ...["2018-04-05T17:31:00+05:60", "2018-04-05T17:31:00ZZ", "2018-04-05T17:31:00+0530", "２018-04-05T17:31:00Z"],
])("time: what is not RFC 3339 is refused, %j", (time) => {
  expect(refused({ time })).toContain("must be an RFC 3339 timestamp");
});

test("datacontenttype: MUST adhere to RFC 2046", () => {
  for (const type of ["text/plain", 'multipart/mixed; boundary="a b;c"', "application/vnd.a+json;v=1;", "A/B ; c=d"]) {
    expect(createEvent({ ...least, datacontenttype: type }).attributes.datacontenttype).toBe(type);
  }
  for (const type of [
    "",
    "json",
    "text/",
    "/plain",
    "text/plain; charset",
    "text plain",
    "text/plain, text/html",
    "a/é",
  ]) {
    expect(refused({ datacontenttype: type })).toContain("must be a media type such as application/json");
  }
});
