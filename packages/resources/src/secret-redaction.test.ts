import { expect, test } from "vitest";
import { admitted, secretDocument, triggerDocument } from "./samples.testing.ts";
import { redactedData, redactedText, redactSecret, unredactSecret } from "./secret-redaction.ts";

const stored = admitted(secretDocument({ stringData: { user: "me", password: "hunter2" } }));

test("redaction: keys stay, values and what kubectl remembers of them go, and nothing is changed in place", () => {
  const annotations = { "kubectl.kubernetes.io/last-applied-configuration": "hunter2", a: "b" };
  const secret = { ...stored, metadata: { ...stored.metadata, annotations }, stringData: { token: "hunter2" } };
  const shown = redactSecret(secret);
  expect(shown).toMatchObject({
    metadata: { name: "sample", annotations: { a: "b" } },
    data: { user: redactedData, password: redactedData },
    stringData: { token: redactedText },
    type: "Opaque",
  });
  expect(JSON.stringify(shown)).not.toMatch(/hunter2|aHVudGVyMg/);
  expect(shown.metadata.annotations).toEqual({ a: "b" });
  expect(secret.metadata.annotations).toBe(annotations);
});

test.each([[{ data: "hunter2" }], [{ data: ["hunter2"] }], [{ stringData: 5 }], [{ data: { a: { b: "hunter2" } } }]])(
  "redaction: a document that is no Secret yet shows nothing either (%#)",
  (fields) => {
    expect(JSON.stringify(redactSecret(secretDocument(fields)))).not.toMatch(/hunter2|:5/);
  },
);

test("redaction: other kinds are left alone", () => {
  const trigger = triggerDocument();
  expect(redactSecret(trigger)).toBe(trigger);
  expect(unredactSecret(trigger, undefined)).toEqual({ kind: "whole", object: trigger });
});

test("redaction: what was shown comes back as what is stored", () => {
  expect(unredactSecret(redactSecret(stored), stored)).toEqual({ kind: "whole", object: stored });
});

test("redaction: values that were given anew count, and keys that were left out are gone", () => {
  const next = secretDocument({ data: { password: redactedData }, stringData: { user: "you" } });
  const back = unredactSecret(next, stored);
  const object = back.kind === "whole" ? admitted(back.object) : undefined;
  expect(object).toMatchObject({ data: { password: Buffer.from("hunter2").toString("base64") } });
  expect(unredactSecret(secretDocument({ stringData: { user: "you" } }), stored)).toMatchObject({
    object: { stringData: { user: "you" } },
  });
});

test("redaction: the placeholder counts in stringData too, and over an older one in data", () => {
  const back = unredactSecret(secretDocument({ stringData: { user: redactedText } }), stored);
  expect(back).toMatchObject({ kind: "whole", object: { stringData: {}, data: { user: "bWU=" } } });
});

test("redaction: a placeholder without a stored value is refused, each at its key", () => {
  const next = secretDocument({ data: { a: redactedData, user: redactedData }, stringData: { "x.y": redactedText } });
  expect(unredactSecret(next, stored)).toMatchObject({
    kind: "refused",
    problems: [
      { path: "stringData[x.y]", hint: "write it into stringData" },
      { path: "data.a", message: "the value is redacted, and none is stored under this key" },
    ],
  });
  expect(unredactSecret(redactSecret(stored), undefined).kind).toBe("refused");
});

test("redaction: a document of a wrong shape passes, for admission to refuse", () => {
  const next = secretDocument({ data: "x", stringData: null });
  expect(unredactSecret(next, stored)).toEqual({ kind: "whole", object: next });
});
