import { expect, test } from "vitest";
import { codeOf, hmacOf, startHook, textOf } from "../hook-rig.testing.ts";

const mention = JSON.stringify({
  type: "event_callback",
  event_id: "Ev01",
  event_time: 1769860800,
  event: { type: "app_mention", channel: "C01", text: "a lamp, please" },
});

function signed(body: string, time: number, changes: Record<string, string> = {}) {
  return {
    "content-type": "application/json",
    "x-slack-request-timestamp": String(time),
    "x-slack-signature": `v0=${hmacOf(`v0:${time}:${body}`).toString("hex")}`,
    ...changes,
  };
}

test("slack: an event is stored under its type, and answered 200 as Slack wants it", async () => {
  const { send, sink, seconds } = startHook({ preset: "slack" });
  expect(await send({ headers: signed(mention, seconds()), body: mention })).toMatchObject({ status: 200 });
  expect(sink.stored[0]?.event.attributes).toMatchObject({
    id: "Ev01",
    type: "com.slack.app_mention",
    subject: "C01",
    time: "2026-01-31T12:00:00.000Z",
  });
});

test("slack: a repeat after five minutes, signed anew, is the same event", async () => {
  const { send, sink, seconds, clock } = startHook({ preset: "slack" });
  await send({ headers: signed(mention, seconds()), body: mention });
  await clock.advance(5 * 60_000);
  const headers = signed(mention, seconds(), { "x-slack-retry-num": "3" });
  expect((await send({ headers, body: mention })).headers["rouse-duplicate"]).toBe("true");
  expect(sink.stored.length).toBe(1);
});

test("slack: the challenge is answered, but only when it is signed", async () => {
  const { send, sink, seconds } = startHook({ preset: "slack" });
  const body = '{"type":"url_verification","challenge":"3eZbrw1a","token":"old"}';
  const answer = await send({ headers: signed(body, seconds()), body });
  expect(answer).toMatchObject({ status: 200, body: { kind: "text", text: "3eZbrw1a" } });
  expect(answer.headers["content-type"]).toBe("text/plain; charset=utf-8");
  expect((await send({ body })).status).toBe(401);
  expect(sink.appends).toBe(0);
});

test("slack: a slash command is stored as the form it is", async () => {
  const { send, sink, seconds } = startHook({ preset: "slack" });
  const body = "command=%2Flamp&text=on&trigger_id=13345224609.738474920";
  const headers = signed(body, seconds(), { "content-type": "application/x-www-form-urlencoded" });
  expect((await send({ headers, body })).status).toBe(200);
  expect(sink.stored[0]?.event.attributes).toMatchObject({
    id: "13345224609.738474920",
    type: "com.slack.command",
    subject: "/lamp",
    datacontenttype: "application/x-www-form-urlencoded",
  });
  expect(textOf(sink.stored[0]?.event.data)).toBe(body);
});

test("slack: an interaction is named after the payload in its form", async () => {
  const { send, sink, seconds } = startHook({ preset: "slack" });
  const payload = JSON.stringify({ type: "block_actions", trigger_id: "t1", actions: [{ action_id: "switch" }] });
  const body = `payload=${encodeURIComponent(payload)}`;
  const headers = signed(body, seconds(), { "content-type": "application/x-www-form-urlencoded" });
  await send({ headers, body });
  expect(sink.stored[0]?.event.attributes).toMatchObject({
    id: "t1",
    type: "com.slack.interaction.block_actions",
    subject: "switch",
  });
});

test("slack: an old time is refused, also when it is signed", async () => {
  const { send, seconds } = startHook({ preset: "slack" });
  const answer = await send({ headers: signed(mention, seconds() - 301), body: mention });
  expect([answer.status, codeOf(answer)]).toEqual([401, "SOURCE_HOOK_TIMESTAMP_REFUSED"]);
});

test("slack: another time than the signed one is refused", async () => {
  const { send, seconds } = startHook({ preset: "slack" });
  const headers = { ...signed(mention, seconds() - 301), "x-slack-request-timestamp": String(seconds()) };
  expect(codeOf(await send({ headers, body: mention }))).toBe("SOURCE_HOOK_SIGNATURE_WRONG");
});
