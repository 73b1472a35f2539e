import { expect, test } from "vitest";
import { codeOf, hmacOf, startHook } from "../hook-rig.testing.ts";

const paid = JSON.stringify({
  id: "evt_1",
  object: "event",
  type: "invoice.paid",
  created: 1769860000,
  data: { object: { id: "in_1" } },
});
const sign = (time: number, body = paid, key?: string) => hmacOf(`${time}.${body}`, key).toString("hex");

test("stripe: an event goes by its own id, type and time, and is about its object", async () => {
  const { send, sink, seconds } = startHook({ preset: "stripe" });
  const headers = {
    "content-type": "application/json; charset=utf-8",
    "stripe-signature": `t=${seconds()},v1=${sign(seconds())}`,
  };
  expect((await send({ headers, body: paid })).status).toBe(202);
  expect(sink.stored[0]).toMatchObject({
    messageId: "uid-1/evt_1",
    event: {
      attributes: {
        id: "evt_1",
        type: "com.stripe.invoice.paid",
        source: "/apis/v1/namespaces/default/httpsources/hook",
        subject: "in_1",
        time: new Date(1769860000_000).toISOString(),
      },
    },
  });
});

test("stripe: one of several signatures is enough, those of another version are not", async () => {
  const { send, seconds } = startHook({ preset: "stripe" });
  const time = seconds();
  const several = `t=${time}, v1=${sign(time, paid, "old")}, v1=${sign(time)}, v0=00`;
  expect((await send({ headers: { "stripe-signature": several }, body: paid })).status).toBe(202);
  const other = `t=${time},v0=${sign(time)}`;
  expect((await send({ headers: { "stripe-signature": other }, body: paid })).status).toBe(401);
});

test.each([
  ["five minutes old", -300, 202],
  ["more than five minutes old", -301, 401],
  ["more than five minutes ahead", 301, 401],
])("stripe: a signature that is %s", async (_, shift, status) => {
  const { send, seconds } = startHook({ preset: "stripe" });
  const time = seconds() + shift;
  const answer = await send({ headers: { "stripe-signature": `t=${time},v1=${sign(time)}` }, body: paid });
  expect(answer.status).toBe(status);
  if (status === 401) expect(codeOf(answer)).toBe("SOURCE_HOOK_TIMESTAMP_REFUSED");
});

test.each(["", "t=,v1=", "garbage", "v1=00,v1=00", "t=NaN,v1=00", `t=${"9".repeat(400)}`])(
  "stripe: a header like %j is refused",
  async (header) => {
    const { send } = startHook({ preset: "stripe" });
    expect((await send({ headers: { "stripe-signature": header }, body: paid })).status).toBe(401);
  },
);

test("stripe: a time that is signed but is no number is refused", async () => {
  const { send } = startHook({ preset: "stripe" });
  const signature = hmacOf(`soon.${paid}`).toString("hex");
  const answer = await send({ headers: { "stripe-signature": `t=soon,v1=${signature}` }, body: paid });
  expect(codeOf(answer)).toBe("SOURCE_HOOK_TIMESTAMP_REFUSED");
});

test("stripe: a body that is no JSON is refused after its signature was found right", async () => {
  const { send, seconds, sink } = startHook({ preset: "stripe" });
  const headers = { "stripe-signature": `t=${seconds()},v1=${sign(seconds(), "no json")}` };
  const answer = await send({ headers, body: "no json" });
  expect([answer.status, codeOf(answer), sink.appends]).toEqual([400, "SOURCE_HOOK_BODY_INVALID", 0]);
});
