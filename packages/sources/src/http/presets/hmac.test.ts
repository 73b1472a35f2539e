import { expect, test } from "vitest";
import type { HmacScheme } from "../definition.ts";
import { codeOf, hmacOf, secret, startHook } from "../hook-rig.testing.ts";

const scheme: HmacScheme = {
  header: "X-Signature",
  algorithm: "sha256",
  encoding: "hex",
  prefix: "",
};
const body = '{"a":1}';

test.each([
  ["sha256", "hex", ""],
  ["sha512", "base64", "v1="],
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

test("hmac: the time is signed where the scheme says so, and looked at", async () => {
  const signature = { ...scheme, timestampHeader: "X-Time" };
  const { send, seconds } = startHook({ preset: "hmac", signature, toleranceMs: 60_000 });
  const headers = (time: number) => ({
    "x-signature": hmacOf(`${time}.${body}`).toString("hex"),
    "x-time": String(time),
  });
  expect((await send({ headers: headers(seconds()), body })).status).toBe(202);
  const moved = { ...headers(seconds() - 61), "x-time": String(seconds()) };
  expect(codeOf(await send({ headers: moved, body }))).toBe("SOURCE_HOOK_SIGNATURE_WRONG");
  expect(codeOf(await send({ headers: headers(seconds() - 61), body }))).toBe("SOURCE_HOOK_TIMESTAMP_REFUSED");
  const { "x-time": _, ...timeless } = headers(seconds());
  expect(codeOf(await send({ headers: timeless, body }))).toBe("SOURCE_HOOK_SIGNATURE_MISSING");
});

test("hmac: without a scheme nothing is believed", async () => {
  const { send } = startHook({ preset: "hmac" });
  expect((await send({ headers: { "x-signature": hmacOf(body).toString("hex") }, body })).status).toBe(401);
});

test("hmac: a structured event that is signed goes through; in binary mode, where attributes are not signed, it does not", async () => {
  const { send, sink } = startHook({ preset: "hmac", signature: scheme });
  const event = JSON.stringify({ specversion: "1.0", id: "1", source: "/s", type: "t", data: 1 });
  const sign = { "x-signature": hmacOf(event).toString("hex") };
  await send({ headers: { ...sign, "content-type": "application/cloudevents+json" }, body: event });
  const ce = { "ce-specversion": "1.0", "ce-id": "2", "ce-source": "/s", "ce-type": "t" };
  await send({ headers: { ...sign, ...ce }, body: event });
  expect(sink.stored.map(({ event: { attributes } }) => attributes.type)).toEqual(["t", "dev.rouse.http.event"]);
});
