import { expect, test } from "vitest";
import { admit } from "./admission.ts";
import type { PingSourceObject } from "./ping-source.ts";
import { admitted, pingDocument, problemsOf } from "./samples.testing.ts";

test("ping source: the default schedule is every minute, and a reference gets the namespace", () => {
  const ref = { apiVersion: "eventing.knative.dev/v1", kind: "Broker", name: "default" };
  const source = admitted<PingSourceObject>(pingDocument({ sink: { ref } }));
  expect(source.spec).toEqual({ schedule: "* * * * *", sink: { ref: { ...ref, namespace: "default" } } });
});

const json = "application/json";
test.each([
  [{ data: "a", dataBase64: "YQ==" }, "spec.dataBase64: data and dataBase64 exclude each other"],
  [
    { contentType: json, data: "[1]" },
    `spec.data: expected a JSON object, because contentType is application/json, got "[1]"`,
  ],
  [
    { contentType: json, data: "{" },
    `spec.data: expected a JSON object, because contentType is application/json, got "{"`,
  ],
  [{ dataBase64: "YQ" }, `spec.dataBase64: expected base64 with padding, got "YQ"`],
  [
    { contentType: "a/b\r\nX: y" },
    `spec.contentType: expected a media type such as application/json, got "a/b\\r\\nX: y"`,
  ],
  [{ contentType: "json" }, `spec.contentType: expected a media type such as application/json, got "json"`],
  [{ sink: undefined }, "spec.sink: required value: expected a mapping"],
  [{ sink: {} }, "spec.sink: required value: expected ref, uri, or ref with a relative uri"],
  [
    { ceOverrides: { extensions: { "a-b": "x" } } },
    `spec.ceOverrides.extensions.a-b: expected an attribute name: lower-case letters and digits, got "a-b"`,
  ],
  [
    { ceOverrides: { extensions: { type: "x" } } },
    `spec.ceOverrides.extensions.type: "type" is an attribute of the specification, not an extension`,
  ],
  [
    { ceOverrides: { extensions: { a: "x\ny" } } },
    `spec.ceOverrides.extensions.a: expected a text without control characters, got "x\\ny"`,
  ],
  [{ ceOverrides: { extensions: { a: 1 } } }, "spec.ceOverrides.extensions.a: expected a text, got number 1"],
  [{ data: { a: 1 } }, `spec.data: expected a text, got mapping {"a":1}`],
])("ping source: %j is refused", (spec, message) => {
  expect(problemsOf(pingDocument(spec))).toEqual([message]);
});

test.each([
  [{ contentType: json, data: '{"a":1}' }],
  [{ contentType: "text/plain; charset=utf-8", data: "[" }],
  [{ dataBase64: "YWI=" }],
  [{ ceOverrides: { extensions: { region: "eu", a1: "" } } }],
])("ping source: %j is admitted", (spec) => {
  expect(problemsOf(pingDocument(spec))).toEqual([]);
});

test("ping source: the schedule's own check sees schedule and zone, and is told at its field", () => {
  const seen: unknown[] = [];
  const schedule = (text: string, zone: string | undefined) => {
    seen.push(text, zone);
    return [{ path: "timezone", message: "unknown zone", hint: "write Europe/Berlin" }];
  };
  expect(admit(pingDocument({ schedule: "@hourly", timezone: "Mars" }), { schedule })).toMatchObject({
    problems: [{ path: "spec.timezone", message: "unknown zone", got: '"Mars"', hint: "write Europe/Berlin" }],
  });
  expect(seen).toEqual(["@hourly", "Mars"]);
});
