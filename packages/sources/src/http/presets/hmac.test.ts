import { expect, test } from "vitest";
import type { HmacScheme } from "../definition.ts";
import { codeOf, hmacOf, secret, startHook } from "../hook-rig.testing.ts";

const scheme: HmacScheme = {
  header: "X-Signature",
  algorithm: "sha256",
  encoding: "hex",
  prefix: "",
  signed: "{body}",
};
const body = '{"a":1}';

test.each([
  ["sha256", "hex", ""],
  ["sha512", "base64", "v1="],
  ["sha384", "base64url", "sig:"],
  ["sha1", "hex", "sha1="],
] as const)("hmac: %s in %s after %j is accepted", async (algorithm, encoding, prefix) => {
  const { send, sink } = startHook({ preset: "hmac", signature: { ...scheme, algorithm, encoding, prefix } });
  const signature = hmacOf(body, secret, algorithm).toString(encoding);
  expect((await send({ headers: { "x-signature": prefix + signature }, body })).status).toBe(202);
  expect(sink.stored[0]?.event.attributes).toMatchObject({
    type: "dev.rouse.http.event",
    source: "/apis/v1/namespaces/default/httpsources/hook",
  });
  expect((await send({ headers: { "x-signature": prefix + signature }, body: `${body} ` })).status).toBe(401);
  expect((await send({ headers: { "x-signature": `other=${signature}` }, body })).status).toBe(401);
});

test("hmac: id and time are signed where the scheme says so, and the time is looked at", async () => {
  const signature = { ...scheme, timestampHeader: "X-Time", idHeader: "X-Id", signed: "v1:{id}:{timestamp}:{body}" };
  const { send, seconds } = startHook({ preset: "hmac", signature, toleranceMs: 60_000 });
  const headers = (time: number) => ({
    "x-signature": hmacOf(`v1:d-1:${time}:${body}`).toString("hex"),
    "x-time": String(time),
    "x-id": "d-1",
  });
  expect((await send({ headers: headers(seconds()), body })).status).toBe(202);
  const renamed = { ...headers(seconds()), "x-id": "d-2" };
  expect(codeOf(await send({ headers: renamed, body }))).toBe("SOURCE_HOOK_SIGNATURE_WRONG");
  const moved = { ...headers(seconds() - 61), "x-time": String(seconds()) };
  expect(codeOf(await send({ headers: moved, body }))).toBe("SOURCE_HOOK_SIGNATURE_WRONG");
  expect(codeOf(await send({ headers: headers(seconds() - 61), body }))).toBe("SOURCE_HOOK_TIMESTAMP_REFUSED");
  for (const left of ["x-time", "x-id"]) {
    const some = Object.fromEntries(Object.entries(headers(seconds())).filter(([name]) => name !== left));
    expect(codeOf(await send({ headers: some, body }))).toBe("SOURCE_HOOK_SIGNATURE_MISSING");
  }
});

test("hmac: a delivery that is repeated with an id beside the signed one is stored once", async () => {
  const { send, sink } = startHook({
    preset: "hmac",
    signature: { ...scheme, idHeader: "X-Id", signed: "{id}.{body}" },
  });
  const headers = { "x-signature": hmacOf(`d-1.${body}`).toString("hex"), "x-id": "d-1" };
  await send({ headers, body });
  await send({ headers: { ...headers, "idempotency-key": "d-2", "webhook-id": "d-3" }, body });
  expect(sink.stored.map(({ event }) => event.attributes.id)).toEqual(["d-1"]);
});

test.each([undefined, { ...scheme, signed: "{timestamp}" }, { ...scheme, signed: "constructor" }])(
  "hmac: a scheme that leaves the body out believes nothing",
  async (signature) => {
    const { send } = startHook({ preset: "hmac", signature });
    for (const text of ["", "constructor", body]) {
      expect((await send({ headers: { "x-signature": hmacOf(text).toString("hex") }, body })).status).toBe(401);
    }
  },
);

test("hmac: a structured event that is signed goes through; in binary mode, where attributes are not signed, it does not", async () => {
  const { send, sink } = startHook({ preset: "hmac", signature: scheme });
  const event = JSON.stringify({ specversion: "1.0", id: "1", source: "/s", type: "t", data: 1 });
  const sign = { "x-signature": hmacOf(event).toString("hex") };
  await send({ headers: { ...sign, "content-type": "application/cloudevents+json" }, body: event });
  const ce = { "ce-specversion": "1.0", "ce-id": "2", "ce-source": "/s", "ce-type": "t" };
  await send({ headers: { ...sign, ...ce }, body: event });
  expect(sink.stored.map(({ event: { attributes } }) => attributes.type)).toEqual(["t", "dev.rouse.http.event"]);
});
