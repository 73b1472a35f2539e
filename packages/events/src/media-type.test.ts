import { expect, test } from "vitest";
import { isCloudEventsMediaType, isUtf8Text, parseMediaType } from "./media-type.ts";

test.each([
  ["application/json", true, false],
  ["text/json", true, true],
  ["Application/Vnd.X+JSON; v=1", true, false],
  ["application/xml", false, true],
  ["image/svg+xml", false, true],
  ["application/jsonp", false, false],
  ["application/octet-stream", false, false],
])("media type: %s is JSON: %s, text: %s", (text, json, isText) => {
  expect(parseMediaType(text)).toMatchObject({ json, text: isText });
});

test("media type: type, subtype and parameter names are case-insensitive", () => {
  expect(parseMediaType("TEXT/Plain; CharSet=utf-8")).toEqual(parseMediaType("text/plain; charset=UTF-8"));
  expect(parseMediaType('text/plain;a=b ; charset="l\\atin1"')?.charset).toBe("latin1");
});

test("media type: what was remembered is given again, also that it was none", () => {
  for (let round = 0; round < 2; round++) {
    for (let n = 0; n < 600; n++) {
      expect(parseMediaType(`text/x${n}`)?.essence).toBe(`text/x${n}`);
      expect(parseMediaType(`text x${n}`)).toBeUndefined();
    }
  }
});

test("media type: text is UTF-8 unless another charset is named", () => {
  const types = ["text/plain", "text/plain;charset=UTF-8", "text/plain;charset=us-ascii", "text/plain;charset=utf-16"];
  expect(types.map((text) => isUtf8Text(parseMediaType(text)!))).toEqual([true, true, true, false]);
});

test("media type: a prefix tells the CloudEvents formats", () => {
  const types = [
    "APPLICATION/cloudevents+json",
    "application/cloudevents-batch+json",
    "application/cloud",
    "text/plain",
  ];
  expect(types.map(isCloudEventsMediaType)).toEqual([true, true, false, false]);
});
