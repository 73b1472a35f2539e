import { expect, test } from "vitest";
import { admit } from "./admission.ts";
import { noChecks } from "./checks.ts";
import { objectJsonSchema } from "./object-schema.ts";
import { pathOf } from "./resource-object.ts";
import { admitted, problemsOf, secretDocument } from "./samples.testing.ts";
import { type SecretObject, secretKind, secretOrigins } from "./secret.ts";

const base64 = (text: string) => Buffer.from(text).toString("base64");
const annotated = (annotations: Record<string, string>, fields = {}) => secretDocument(fields, { annotations });

test("secret: stringData is merged into data and is not stored beside it; there is no spec", () => {
  const document = secretDocument({ data: { a: base64("1"), b: base64("2") }, stringData: { b: "ü", c: "3" } });
  expect(admitted<SecretObject>(document)).toEqual({
    apiVersion: "v1",
    kind: "Secret",
    metadata: { name: "sample", namespace: "default" },
    type: "Opaque",
    data: { a: base64("1"), b: base64("ü"), c: base64("3") },
  });
  expect(admitted(secretDocument())).not.toHaveProperty("data");
});

test("secret: admitting what was admitted changes nothing, and status is dropped", () => {
  const once = admitted(secretDocument({ stringData: { a: "1" }, immutable: true }));
  expect(admitted({ ...once, status: { sizes: {} } })).toEqual(once);
});

test("secret: lies in the core group", () => {
  expect(pathOf(secretKind, "shop", "kafka")).toBe("/api/v1/namespaces/shop/secrets/kafka");
  expect(Object.keys(objectJsonSchema(secretKind).properties!)).toEqual(
    expect.arrayContaining(["data", "stringData", "type", "immutable"]),
  );
});

test.each([
  [{ data: { a: "hunter2!" } }, "data.a: expected base64 with padding, got another text"],
  [{ data: { a: "aHVudGVyMg" } }, "data.a: expected base64 with padding, got another text"],
  [{ data: { a: 5_318_008 } }, "data.a: expected a text, got a number"],
  [{ stringData: { a: 5_318_008 } }, "stringData.a: expected a text, got a number"],
  [{ stringData: { a: true } }, "stringData.a: expected a text, got a boolean"],
  [{ stringData: { a: null } }, "stringData.a: expected a text, got null"],
  [{ stringData: { a: { hunter: 2 } } }, "stringData.a: expected a text, got a mapping"],
  [{ data: "hunter2" }, "data: expected a mapping, got a text"],
  [{ data: ["hunter2"] }, "data: expected a mapping, got a list"],
  [
    { stringData: { "a/b": "hunter2" } },
    "data[a/b]: expected a key of letters, digits, hyphens, dots and underscores, at most 253 characters, got another key",
  ],
  [{ password: "hunter2" }, 'password: unknown field "password"'],
  [{ spec: { data: { a: "hunter2" } } }, 'spec: unknown field "spec"'],
  [{ type: 5 }, "type: expected a text, got number 5"],
  [{ immutable: "yes" }, 'immutable: expected a boolean, got text "yes"'],
  [
    { stringData: { a: "x".repeat(1_048_577) } },
    "data: expected values of at most 1048576 bytes together, got 1048577",
  ],
])("secret: what is wrong is told, and no value with it (%#)", (fields, message) => {
  const admission = admit(secretDocument(fields), noChecks);
  expect(problemsOf(secretDocument(fields))).toEqual([message]);
  expect(JSON.stringify(admission)).not.toMatch(/hunter|5318008|aHVudG/);
});

test("secret: a value of one mebibyte is taken", () => {
  expect(problemsOf(secretDocument({ stringData: { a: "x".repeat(1_048_576) } }))).toEqual([]);
});

test("secret: the type cannot be changed, and nothing of one that says so", () => {
  const old = admitted<SecretObject>(secretDocument({ stringData: { a: "hunter2" } }));
  expect(problemsOf(secretDocument({ stringData: { a: "other" } }), { old })).toEqual([]);
  expect(problemsOf(secretDocument({ type: "kubernetes.io/tls" }), { old })).toEqual([
    'type: field is immutable: cannot change "Opaque" to "kubernetes.io/tls"',
  ]);
  const frozen: SecretObject = { ...old, immutable: true };
  const told = problemsOf(secretDocument({ stringData: { a: "hunter3" } }), { old: frozen });
  expect(told).toEqual([
    "immutable: field is immutable: the Secret says so",
    "data: field is immutable: the Secret says so",
  ]);
  expect(problemsOf(secretDocument({ stringData: { a: "hunter2" }, immutable: true }), { old: frozen })).toEqual([]);
});

test("secret: values can come from variables and files of the server", () => {
  const secret = admitted<SecretObject>(
    annotated({
      "rouse.dev/from-env": "user=KAFKA_USER, password=KAFKA_PASSWORD",
      "rouse.dev/from-file": "ca.crt=/etc/ca.pem",
    }),
  );
  const { environment, files } = secretOrigins(secret);
  expect([...environment]).toEqual([
    ["user", "KAFKA_USER"],
    ["password", "KAFKA_PASSWORD"],
  ]);
  expect([...files]).toEqual([["ca.crt", "/etc/ca.pem"]]);
  expect(secretKind.columns.find((each) => each.name === "Data")?.value(secret)).toBe("3");
});

const fromEnv = "metadata.annotations[rouse.dev/from-env]";
const fromFile = "metadata.annotations[rouse.dev/from-file]";
test.each([
  [
    { "rouse.dev/from-env": "user" },
    {},
    `${fromEnv}: expected key=NAME, separated by commas, NAME being a variable of the server, got "user"`,
  ],
  [
    { "rouse.dev/from-env": "user=A-B" },
    {},
    `${fromEnv}: expected key=NAME, separated by commas, NAME being a variable of the server, got "user=A-B"`,
  ],
  [{ "rouse.dev/from-env": "a=A,a=B" }, {}, `${fromEnv}: expected each key once, got "a=A,a=B"`],
  [
    { "rouse.dev/from-env": "" },
    {},
    `${fromEnv}: expected key=NAME, separated by commas, NAME being a variable of the server, got ""`,
  ],
  [
    { "rouse.dev/from-file": "a=relative.txt" },
    {},
    `${fromFile}: expected key=/path, separated by commas, each path absolute, got "a=relative.txt"`,
  ],
  [
    { "rouse.dev/from-file": "a b=/x" },
    {},
    `${fromFile}: expected key=/path, separated by commas, each path absolute, got "a b=/x"`,
  ],
  [
    { "rouse.dev/from-file": "a:b=/x" },
    {},
    `${fromFile}: expected a key of letters, digits, hyphens, dots and underscores, at most 253 characters, got "a:b=/x"`,
  ],
  [{ "rouse.dev/from-env": "a=A" }, { stringData: { a: "x" } }, `${fromEnv}: the value of "a" is given in data too`],
  [{ "rouse.dev/from-file": "a=/x" }, { data: { a: "" } }, `${fromFile}: the value of "a" is given in data too`],
  [
    { "rouse.dev/from-env": "a=A", "rouse.dev/from-file": "a=/x" },
    {},
    `${fromFile}: the value of "a" is given in rouse.dev/from-env too`,
  ],
])("secret: annotations %j with %j are refused", (annotations, fields, message) => {
  expect(problemsOf(annotated(annotations as Record<string, string>, fields))).toEqual([message]);
});
