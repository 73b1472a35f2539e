import fc from "fast-check";
import { expect, test } from "vitest";
import type { HookPreset } from "./definition.ts";
import { startHook } from "./hook-rig.testing.ts";

const signed: readonly HookPreset[] = ["github", "gitlab", "stripe", "slack", "hmac"];
const scheme = { header: "X-Signature", algorithm: "sha256", encoding: "hex", prefix: "", signed: "{body}" } as const;
const names = [
  ...["x-hub-signature-256", "x-gitlab-token", "stripe-signature", "x-slack-signature", "x-slack-request-timestamp"],
  ...["x-signature", "webhook-id", "webhook-signature", "webhook-timestamp", "content-type", "x-github-event"],
  ...["ce-specversion", "ce-id", "ce-type", "ce-source", "idempotency-key"],
];
const values = fc.oneof(
  fc.string({ unit: "binary", maxLength: 40 }),
  fc.constantFrom(
    "t=1,v1=",
    "v0=",
    "sha256=",
    "v1,",
    "application/cloudevents+json",
    "1.0",
    "1769860800",
    "payload=%7B",
  ),
);
const headers = fc.array(fc.tuple(fc.constantFrom(...names), values), { maxLength: 8 }).map((pairs) => pairs.flat());
const bodies = fc.oneof(
  fc.uint8Array({ maxLength: 60 }),
  fc.json({ maxDepth: 2 }).map((text) => new TextEncoder().encode(text)),
);

test("hook: whatever is sent without the secret, a source that checks signatures stores nothing", async () => {
  await fc.assert(
    fc.asyncProperty(fc.constantFrom(...signed), headers, bodies, async (preset, sent, body) => {
      const { send, sink } = startHook({ preset, signature: scheme });
      const answer = await send({ headers: sent, body });
      expect([answer.status, sink.appends]).toEqual([401, 0]);
    }),
    { numRuns: 300 },
  );
});

test("hook: whatever is sent to a source that checks nothing, the answer is 202 or 400, and what is stored is an event", async () => {
  const event = {
    typeFrom: { jsonPointer: "/a" },
    idFrom: { header: "idempotency-key" },
    subjectFrom: { jsonPointer: "/0" },
  };
  await fc.assert(
    fc.asyncProperty(headers, bodies, fc.boolean(), async (sent, body, ruled) => {
      const { send, sink } = startHook(ruled ? { event } : {});
      const answer = await send({ headers: sent, body });
      expect([202, 400]).toContain(answer.status);
      expect(sink.stored.length > 0).toBe(answer.headers["rouse-event"] !== undefined);
      for (const { messageId } of sink.stored) expect(messageId).toMatch(/^uid-1\/[!-~]+$/);
    }),
    { numRuns: 300 },
  );
});
