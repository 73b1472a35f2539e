import { expect, test } from "vitest";
import { bytes, codeOf, hmacOf, secret, startHook, textOf } from "../hook-rig.testing.ts";

const opened = JSON.stringify({
  action: "opened",
  number: 7,
  pull_request: { number: 7, title: "Add a lamp" },
  repository: { full_name: "octo/lamps", html_url: "https://github.com/octo/lamps" },
});

function signed(body: string, changes: Record<string, string> = {}) {
  return {
    "content-type": "application/json",
    "x-github-event": "pull_request",
    "x-github-delivery": "72d3162e-cc78-11e3-81ab-4c9367dc0958",
    "x-hub-signature-256": `sha256=${hmacOf(body).toString("hex")}`,
    ...changes,
  };
}

test("github: a delivery becomes an event named after event and action, about the pull request", async () => {
  const { send, sink } = startHook({ preset: "github" });
  const answer = await send({ headers: signed(opened), body: opened });
  expect(answer).toEqual({ status: 202, headers: { "rouse-event": "default/default/1" }, body: { kind: "none" } });
  expect(sink.stored[0]?.event.attributes).toEqual({
    specversion: "1.0",
    id: "72d3162e-cc78-11e3-81ab-4c9367dc0958",
    source: "https://github.com/octo/lamps",
    type: "com.github.pull_request.opened",
    subject: "7",
    time: "2026-01-31T12:00:00.000Z",
    datacontenttype: "application/json",
  });
  expect(textOf(sink.stored[0]?.event.data)).toBe(opened);
  expect(sink.stored[0]?.messageId).toBe("uid-1/72d3162e-cc78-11e3-81ab-4c9367dc0958");
});

test("github: the signature that GitHub's documentation shows is accepted", async () => {
  const { send } = startHook({ preset: "github", secrets: [bytes("It's a Secret to Everybody")] });
  const signature = "sha256=757107ea0eb2509fc211221cce984b8a37570b6d7586c22c46f4379c8b043e17";
  const answer = await send({ headers: { "x-hub-signature-256": signature }, body: "Hello, World!" });
  // Believed, and only then found to be no JSON.
  expect([answer.status, codeOf(answer)]).toEqual([400, "SOURCE_HOOK_BODY_INVALID"]);
});

test.each([
  ["missing", { "x-hub-signature-256": undefined }, "SOURCE_HOOK_SIGNATURE_MISSING"],
  [
    "made with SHA-1",
    { "x-hub-signature-256": undefined, "x-hub-signature": `sha1=${hmacOf(opened, secret, "sha1").toString("hex")}` },
    "SOURCE_HOOK_SIGNATURE_MISSING",
  ],
  ["without its prefix", { "x-hub-signature-256": hmacOf(opened).toString("hex") }, "SOURCE_HOOK_SIGNATURE_WRONG"],
  [
    "SHA-1 under the name of SHA-256",
    { "x-hub-signature-256": `sha256=${hmacOf(opened, secret, "sha1").toString("hex")}` },
    "SOURCE_HOOK_SIGNATURE_WRONG",
  ],
  [
    "of another secret",
    { "x-hub-signature-256": `sha256=${hmacOf(opened, "other").toString("hex")}` },
    "SOURCE_HOOK_SIGNATURE_WRONG",
  ],
  ["empty", { "x-hub-signature-256": "" }, "SOURCE_HOOK_SIGNATURE_WRONG"],
  ["no hexadecimal", { "x-hub-signature-256": `sha256=${"z".repeat(64)}` }, "SOURCE_HOOK_SIGNATURE_WRONG"],
])("github: a signature that is %s is refused with 401 and stores nothing", async (_, changes, code) => {
  const { send, sink, source } = startHook({ preset: "github" });
  const headers = Object.entries({ ...signed(opened), ...changes }).flatMap(([name, value]) =>
    value === undefined ? [] : [name, value],
  );
  const answer = await send({ headers, body: opened });
  expect([answer.status, codeOf(answer)]).toEqual([401, code]);
  expect(sink.appends).toBe(0);
  expect(source.status()).toMatchObject({
    distrusted: 1,
    trouble: { message: expect.stringContaining("X-Hub-Signature-256") },
  });
  expect(JSON.stringify([answer, source.status()])).not.toContain(hmacOf(opened).toString("hex"));
});

test("github: a signature that is sent twice is refused, even when one fits", async () => {
  const { send } = startHook({ preset: "github" });
  const headers = [...Object.entries(signed(opened)).flat(), "X-Hub-Signature-256", "sha256=00"];
  expect((await send({ headers, body: opened })).status).toBe(401);
});

test("github: one changed byte of the body is noticed", async () => {
  const { send } = startHook({ preset: "github" });
  expect((await send({ headers: signed(opened), body: opened.replace("7", "8") })).status).toBe(401);
});

test("github: while a secret is exchanged, both are good", async () => {
  const { send } = startHook({ preset: "github", secrets: [bytes("new"), bytes(secret)] });
  expect((await send({ headers: signed(opened), body: opened })).status).toBe(202);
});

test.each([[[]], [[bytes("")]]])("github: without a secret nothing is believed", async (secrets) => {
  const { send } = startHook({ preset: "github", secrets });
  const empty = `sha256=${hmacOf(opened, "").toString("hex")}`;
  expect((await send({ headers: signed(opened, { "x-hub-signature-256": empty }), body: opened })).status).toBe(401);
});

test("github: a ping is answered and stores nothing, but only when it is signed", async () => {
  const { send, sink } = startHook({ preset: "github" });
  const ping = '{"zen":"Keep it logically awesome."}';
  const headers = signed(ping, { "x-github-event": "ping" });
  expect(await send({ headers, body: ping })).toMatchObject({ status: 200, body: { kind: "text", text: "pong" } });
  expect((await send({ headers: { "x-github-event": "ping" }, body: ping })).status).toBe(401);
  expect(sink.appends).toBe(0);
});

test("github: a form's payload becomes the data, as if it had been sent as JSON", async () => {
  const { send, sink } = startHook({ preset: "github" });
  const body = `payload=${encodeURIComponent(opened)}`;
  const headers = signed(body, { "content-type": "application/x-www-form-urlencoded" });
  expect((await send({ headers, body })).status).toBe(202);
  expect(sink.stored[0]?.event.attributes).toMatchObject({
    type: "com.github.pull_request.opened",
    datacontenttype: "application/json",
  });
  expect(textOf(sink.stored[0]?.event.data)).toBe(opened);
});

test("github: a delivery that is sent again is stored once", async () => {
  const { send, sink, source } = startHook({ preset: "github" });
  await send({ headers: signed(opened), body: opened });
  const again = await send({ headers: signed(opened), body: opened });
  expect(again).toMatchObject({
    status: 202,
    headers: { "rouse-event": "default/default/1", "rouse-duplicate": "true" },
  });
  expect(sink.stored.length).toBe(1);
  expect(source.status()).toMatchObject({ stored: 1, duplicates: 1 });
});

test("github: an event without an action is named after the event alone, and a push is about its ref", async () => {
  const { send, sink } = startHook({ preset: "github" });
  const push = '{"ref":"refs/heads/main","repository":{"html_url":"https://github.com/octo/lamps"}}';
  await send({ headers: signed(push, { "x-github-event": "push" }), body: push });
  expect(sink.stored[0]?.event.attributes).toMatchObject({ type: "com.github.push", subject: "refs/heads/main" });
});
