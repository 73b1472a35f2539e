import { expect, test } from "vitest";
import { bytes, codeOf, hmacOf, secret, startHook } from "../hook-rig.testing.ts";

const opened = JSON.stringify({
  object_kind: "merge_request",
  project: { web_url: "https://gitlab.example.com/octo/lamps" },
  object_attributes: { id: 99, iid: 1, action: "open" },
});
const token = {
  "content-type": "application/json",
  "x-gitlab-event": "Merge Request Hook",
  "x-gitlab-token": secret,
  "idempotency-key": "key-1",
  "x-gitlab-event-uuid": "uuid-1",
};
const key = Buffer.from("0123456789abcdef0123456789abcdef");
const signingToken = bytes(`whsec_${key.toString("base64")}`);

function signed(time: number, body = opened) {
  const signature = hmacOf(`msg-1.${time}.${body}`, key).toString("base64");
  return {
    "webhook-id": "msg-1",
    "webhook-timestamp": String(time),
    "webhook-signature": `v1a,ignored v1,${"A".repeat(43)}= v1,${signature}`,
  };
}

test("gitlab: a delivery with the token becomes an event named after kind and action", async () => {
  const { send, sink } = startHook({ preset: "gitlab" });
  expect((await send({ headers: token, body: opened })).status).toBe(202);
  expect(sink.stored[0]?.event.attributes).toMatchObject({
    id: "key-1",
    source: "https://gitlab.example.com/octo/lamps",
    type: "com.gitlab.merge_request.open",
    subject: "1",
  });
});

test("gitlab: the kind comes from the header when the body does not say it", async () => {
  const { send, sink } = startHook({ preset: "gitlab" });
  await send({ headers: { ...token, "x-gitlab-event": "Feature Flag Hook" }, body: "{}" });
  expect(sink.stored[0]?.event.attributes.type).toBe("com.gitlab.feature_flag");
});

test.each([
  ["missing", undefined, "SOURCE_HOOK_SIGNATURE_MISSING"],
  ["wrong", "s3cret-of-testz", "SOURCE_HOOK_SIGNATURE_WRONG"],
  ["empty", "", "SOURCE_HOOK_SIGNATURE_WRONG"],
])("gitlab: a token that is %s is refused", async (_, given, code) => {
  const { send, sink } = startHook({ preset: "gitlab" });
  const { "x-gitlab-token": _token, ...rest } = token;
  const answer = await send({
    headers: given === undefined ? rest : { ...rest, "x-gitlab-token": given },
    body: opened,
  });
  expect([answer.status, codeOf(answer), sink.appends]).toEqual([401, code, 0]);
  expect(JSON.stringify(answer)).not.toContain(secret);
});

test("gitlab: a signing token wants a signature over id, time and body", async () => {
  const { send, seconds } = startHook({ preset: "gitlab", secrets: [signingToken] });
  expect((await send({ headers: { ...token, ...signed(seconds()) }, body: opened })).status).toBe(202);
  expect((await send({ headers: { ...token, ...signed(seconds()) }, body: `${opened} ` })).status).toBe(401);
  const bare = await send({ headers: { ...token, "x-gitlab-token": `whsec_${key.toString("base64")}` }, body: opened });
  expect(codeOf(bare)).toBe("SOURCE_HOOK_SIGNATURE_MISSING");
});

test("gitlab: a signed delivery that is repeated under other ids than the signed one is stored once", async () => {
  const { send, seconds, sink } = startHook({ preset: "gitlab", secrets: [signingToken] });
  const headers = { ...token, ...signed(seconds()) };
  await send({ headers, body: opened });
  await send({ headers: { ...headers, "idempotency-key": "key-2", "x-gitlab-event-uuid": "uuid-2" }, body: opened });
  expect(sink.stored.map(({ event }) => event.attributes.id)).toEqual(["msg-1"]);
});

test("gitlab: a signature that is older than the tolerance is refused", async () => {
  const { send, seconds } = startHook({ preset: "gitlab", secrets: [signingToken] });
  const answer = await send({ headers: { ...token, ...signed(seconds() - 301) }, body: opened });
  expect([answer.status, codeOf(answer)]).toEqual([401, "SOURCE_HOOK_TIMESTAMP_REFUSED"]);
});

test("gitlab: a signing token without a key signs nothing", async () => {
  const { send, seconds } = startHook({ preset: "gitlab", secrets: [bytes("whsec_")] });
  const time = seconds();
  const signature = hmacOf(`msg-1.${time}.${opened}`, "").toString("base64");
  const headers = { ...signed(time), "webhook-signature": `v1,${signature}` };
  expect((await send({ headers, body: opened })).status).toBe(401);
});
