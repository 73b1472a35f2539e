import { expect, test } from "vitest";
import type { HttpSourceObject } from "./http-source.ts";
import { admitted, httpSourceDocument, problemsOf, warningsOf } from "./samples.testing.ts";

const sink = { uri: "http://localhost:3000/" };
const bare = { preset: undefined, secret: undefined };
const hmac = (signature: Record<string, unknown> | undefined) => ({ preset: "hmac", signature });

test("http source: without a preset nothing is checked, and that is told", () => {
  const document = httpSourceDocument(bare);
  expect(admitted<HttpSourceObject>(document).spec).toEqual({ preset: "none", maxBytes: 1_048_576, sink });
  expect(warningsOf(document)).toEqual([
    "spec.preset: none takes requests of anybody who can reach the data plane, unchecked",
  ]);
});

test.each(["github", "gitlab", "stripe", "slack"])("http source: preset %s needs no more than a secret", (preset) => {
  expect(warningsOf(httpSourceDocument({ preset }))).toEqual([]);
});

test("http source: a signature is completed: SHA-256 as hex of all that has a header, and the body", () => {
  const signatureOf = (given: Record<string, unknown>) =>
    admitted<HttpSourceObject>(httpSourceDocument(hmac({ header: "X-Sig", ...given }))).spec.signature;
  expect(signatureOf({})).toEqual({
    header: "X-Sig",
    algorithm: "sha256",
    encoding: "hex",
    prefix: "",
    signed: "{body}",
  });
  expect(signatureOf({ timestampHeader: "X-Time" })).toMatchObject({ tolerance: "PT5M", signed: "{timestamp}.{body}" });
  expect(signatureOf({ timestampHeader: "X-Time", idHeader: "X-Id" })?.signed).toBe("{id}.{timestamp}.{body}");
  expect(signatureOf({ timestampHeader: "X-Time", signed: "v0:{timestamp}:{body}" })?.signed).toBe(
    "v0:{timestamp}:{body}",
  );
});

test.each([
  [{ preset: "githab" }, 'spec.preset: expected one of github, gitlab, stripe, slack, hmac, none, got "githab"'],
  [
    { secret: undefined },
    "spec.secret: required value: expected a secret, because requests of github are signed with it",
  ],
  [{ preset: "none" }, "spec.secret: nothing is checked with it, because the preset is none"],
  [{ secret: "hunter2" }, "spec.secret: expected a mapping, got a text"],
  [
    { secret: { secretKeyRef: { name: "hooks", key: "" } } },
    'spec.secret.secretKeyRef.key: expected a key of letters, digits, hyphens, dots and underscores, at most 253 characters, got ""',
  ],
  [
    { ...bare, previousSecret: { secretKeyRef: { name: "hooks", key: "old" } } },
    "spec.previousSecret: there is no secret that came after it",
  ],
  [{ signature: { header: "X-Sig" } }, "spec.signature: is for the preset hmac, and the preset is github"],
  [hmac(undefined), "spec.signature: required value: expected how requests are signed, for preset hmac"],
  [hmac({}), "spec.signature.header: required value: expected a text"],
  [
    hmac({ header: "X Sig" }),
    'spec.signature.header: expected the name of a header, such as X-Event-Type, got "X Sig"',
  ],
  [
    hmac({ header: "X-Sig", algorithm: "md5" }),
    'spec.signature.algorithm: expected one of sha1, sha256, sha384, sha512, got "md5"',
  ],
  [
    hmac({ header: "X-Sig", encoding: "binary" }),
    'spec.signature.encoding: expected one of hex, base64, base64url, got "binary"',
  ],
  [
    hmac({ header: "X-Sig", prefix: "\n" }),
    'spec.signature.prefix: expected at most 64 printable ASCII characters, got "\\n"',
  ],
  [
    hmac({ header: "X-Sig", tolerance: "PT5M" }),
    "spec.signature.timestampHeader: required value: expected the header with the time, because there is a tolerance",
  ],
  [
    hmac({ header: "X-Sig", timestampHeader: "X-Time", tolerance: "5m" }),
    'spec.signature.tolerance: expected an ISO 8601 duration such as PT0.2S, PT10M or P7D, got "5m"',
  ],
  [
    hmac({ header: "X-Sig", timestampHeader: "X-Time", tolerance: "PT0S" }),
    'spec.signature.tolerance: expected a duration longer than nothing, got "PT0S"',
  ],
  [hmac({ header: "X-Sig", signed: "{bdy}" }), 'spec.signature.signed: expected a text with {body}, got "{bdy}"'],
  [
    hmac({ header: "X-Sig", signed: "{timestamp}.{body}" }),
    "spec.signature.timestampHeader: required value: expected a header, because {timestamp} is signed",
  ],
  [
    hmac({ header: "X-Sig", timestampHeader: "X-Time", signed: "{body}" }),
    "spec.signature.signed: {timestamp} is not signed: whoever sends a request again could choose it",
  ],
  [{ event: { type: "" } }, 'spec.event.type: expected a text that is not empty, got ""'],
  [{ event: { typeFrom: {} } }, "spec.event.typeFrom: required value: expected header or jsonPointer"],
  [
    { event: { idFrom: { header: "X-Id", jsonPointer: "/id" } } },
    "spec.event.idFrom: header and jsonPointer exclude each other",
  ],
  [
    { event: { subjectFrom: { header: "X:" } } },
    'spec.event.subjectFrom.header: expected the name of a header, such as X-Event-Type, got "X:"',
  ],
  [
    { event: { idFrom: { jsonPointer: "event.id" } } },
    'spec.event.idFrom.jsonPointer: expected a JSON pointer such as /event/id, got "event.id"',
  ],
  [
    { event: { idFrom: { jsonPointer: "/a~2" } } },
    'spec.event.idFrom.jsonPointer: expected a JSON pointer such as /event/id, got "/a~2"',
  ],
  [
    { event: { idFrom: { jsonPointer: "" } } },
    'spec.event.idFrom.jsonPointer: expected a JSON pointer such as /event/id, got ""',
  ],
  [{ event: { idFrom: { header: "X-Id", prefix: "a" } } }, 'spec.event.idFrom.prefix: unknown field "prefix"'],
  [
    { event: { typeFrom: { header: "X-Type", map: { push: "" } } } },
    'spec.event.typeFrom.map.push: expected a text that is not empty, got ""',
  ],
  [{ event: { source: "a b" } }, 'spec.event.source: expected a URI or a path, such as /webhooks/shop, got "a b"'],
  [{ maxBytes: 0 }, "spec.maxBytes: expected at least 1, got 0"],
  [{ maxBytes: "1Mi" }, 'spec.maxBytes: expected a number, got text "1Mi"'],
  [{ challenge: {} }, "spec.challenge.query: required value: expected a text"],
  [{ challenge: { query: "" } }, 'spec.challenge.query: expected a text that is not empty, got ""'],
  [
    { ...bare, challenge: { query: "hub.challenge", tokenQuery: "hub.verify_token" } },
    "spec.secret: required value: expected a secret, because challenge.tokenQuery asks for it",
  ],
])("http source: %j is refused", (spec, message) => {
  expect(problemsOf(httpSourceDocument(spec))).toEqual([message]);
});

test("http source: rules for everything are taken", () => {
  const event = {
    type: "com.example.other",
    typeFrom: { header: "X-Type", prefix: "com.example.", map: { "order/created": "created" } },
    subjectFrom: { jsonPointer: "/order/~1id/0" },
    idFrom: { header: "X-Delivery" },
    source: "https://example.com/shop",
  };
  const previousSecret = { secretKeyRef: { name: "hooks", key: "old" } };
  expect(problemsOf(httpSourceDocument({ event, previousSecret, maxBytes: 10_485_760 }))).toEqual([]);
});
