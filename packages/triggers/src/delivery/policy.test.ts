import fc from "fast-check";
import { expect, test } from "vitest";
import { samplePolicy } from "../subscription.testing.ts";
import type { HttpOutcome, ResponseBody } from "./outcome.ts";
import { type Attempt, judge } from "./policy.ts";

const now = Date.UTC(2026, 0, 1);
const half = () => 0.5;
const none: ResponseBody = { kind: "none" };
const response = (status: number, body: ResponseBody = none, retryAfter?: string): HttpOutcome => ({
  kind: "response",
  status,
  retryAfter,
  body,
  responseMs: 3,
});
const attemptOf = (outcome: HttpOutcome, fields: Partial<Attempt> = {}): Attempt => ({
  outcome,
  reply: undefined,
  attempt: 1,
  policy: samplePolicy,
  destination: "http://example.test/",
  instance: undefined,
  waitedMs: 0,
  downMs: undefined,
  ...fields,
});
const verdict = (outcome: HttpOutcome, fields: Partial<Attempt> = {}) => judge(attemptOf(outcome, fields), now, half);
const delay = (outcome: HttpOutcome, fields: Partial<Attempt> = {}) => {
  const judged = verdict(outcome, fields);
  return judged.kind === "again" ? judged.notBefore - now : judged.kind;
};

test("policy: 2xx is done, whatever the code", () => {
  for (const status of [200, 201, 202, 204, 299]) expect(verdict(response(status)).kind).toBe("done");
});

test("policy: 404, 408, 409, 429, 5xx and unheard-of codes above are tried again", () => {
  for (const status of [404, 408, 409, 429, 500, 501, 502, 503, 504, 599, 600]) {
    expect(verdict(response(status))).toMatchObject({ kind: "again", failure: { reason: "status", status } });
  }
});

test("policy: redirects and other 4xx are refused", () => {
  for (const status of [300, 301, 302, 307, 308, 400, 401, 403, 405, 410, 413, 422]) {
    expect(verdict(response(status))).toMatchObject({ kind: "dead", failure: { reason: "refused", status } });
  }
});

test("policy: what a problem document says is told, what is none is not", () => {
  const told = (text: string) => {
    const judged = verdict(response(413, { kind: "other", claimed: false, start: new TextEncoder().encode(text) }));
    return judged.kind === "dead" && judged.failure.message;
  };
  expect(told('{"detail":"no queue is bound"}')).toBe("http://example.test/ answered 413: no queue is bound");
  for (const text of ["no queue", '{"detail":5}', '{"detail":"cut', "[]", "{}"]) {
    expect(told(text)).toBe("http://example.test/ answered 413");
  }
});

test("policy: timeouts and transport errors are tried again, as status 500", () => {
  expect(verdict({ kind: "timeout", timeoutMs: 5 })).toMatchObject({ kind: "again", failure: { status: 500 } });
  const reset: HttpOutcome = { kind: "transport", code: "ECONNRESET", message: "reset", unreached: false };
  expect(verdict(reset, { instance: "warm" })).toMatchObject({ kind: "again", failure: { reason: "transport" } });
});

test("policy: an instance that refused the connection holds, a URL that did so counts", () => {
  const refused: HttpOutcome = { kind: "transport", code: "ECONNREFUSED", message: "refused", unreached: true };
  expect(verdict(refused, { instance: "warm" }).kind).toBe("hold");
  expect(verdict(refused).kind).toBe("again");
});

test("policy: exponential delays double up to the cap, linear ones stay", () => {
  const policy = { ...samplePolicy, retry: 100, backoffCapMs: 1000 };
  const delays = (p: typeof policy) => [1, 2, 3, 4, 90].map((attempt) => delay(response(500), { policy: p, attempt }));
  expect(delays(policy)).toEqual([200, 400, 800, 1000, 1000]);
  expect(delays({ ...policy, backoffPolicy: "linear" })).toEqual([200, 200, 200, 200, 200]);
});

test("policy: a delay is at most a tenth longer or shorter", () => {
  fc.assert(
    fc.property(fc.double({ min: 0, max: 0.999, noNaN: true }), fc.integer({ min: 1, max: 3 }), (chance, attempt) => {
      const judged = judge(attemptOf(response(500), { attempt }), now, () => chance);
      const exact = 200 * 2 ** (attempt - 1);
      const waited = judged.kind === "again" ? judged.notBefore - now : Number.NaN;
      expect(Math.abs(waited - exact)).toBeLessThanOrEqual(exact / 10 + 1);
    }),
    { numRuns: 50 },
  );
});

test("policy: Retry-After is honoured on 429 and 503, in seconds or as a date, up to its limit", () => {
  const policy = { ...samplePolicy, retryAfterMaxMs: 60_000 };
  expect(delay(response(429, none, "30"), { policy })).toBe(30_000);
  expect(delay(response(503, none, "Thu, 01 Jan 2026 00:00:20 GMT"), { policy })).toBe(20_000);
  expect(delay(response(503, none, "3600"), { policy })).toBe(60_000);
  expect(delay(response(500, none, "30"), { policy })).toBe(200);
});

test("policy: Retry-After never shortens the back-off, and is ignored when odd or limited to 0", () => {
  expect(delay(response(429, none, "0"))).toBe(200);
  expect(delay(response(429, none, "soon"))).toBe(200);
  expect(delay(response(429, none, "-5"))).toBe(200);
  expect(delay(response(503, none, "Thu, 01 Jan 1970 00:00:00 GMT"))).toBe(200);
  expect(delay(response(429, none, "30"), { policy: { ...samplePolicy, retryAfterMaxMs: 0 } })).toBe(200);
});

test("policy: after the last retry the event is dead, with the last failure's evidence", () => {
  expect(verdict(response(500), { attempt: 3 }).kind).toBe("again");
  const body: ResponseBody = { kind: "other", claimed: false, start: Buffer.from("oops") };
  expect(verdict(response(500, body), { attempt: 4 })).toMatchObject({
    kind: "dead",
    failure: { reason: "retries-exhausted", status: 500, body: Buffer.from("oops"), attempts: 4 },
  });
  const never = { ...samplePolicy, retry: 0 };
  expect(verdict(response(500), { policy: never })).toMatchObject({ failure: { reason: "retries-exhausted" } });
});

test("policy: a failure at a target known to be down is held and not counted, even at the last attempt", () => {
  expect(verdict(response(503), { attempt: 4, downMs: 800 })).toMatchObject({ kind: "hold", notBefore: now + 800 });
});

test("policy: a 200 with a body that is no event is done, with a warning", () => {
  const body: ResponseBody = { kind: "other", claimed: false, start: Buffer.from("OK") };
  expect(verdict(response(200, body))).toMatchObject({
    kind: "done",
    note: { warning: expect.stringContaining("no event") },
  });
  expect(verdict(response(202, body))).not.toHaveProperty("note.warning");
});

test("policy: an event in a 2xx other than 200 is done, with a warning that it was not taken", () => {
  const body: ResponseBody = { kind: "other", claimed: true, start: Buffer.from("{}") };
  expect(verdict(response(202, body))).toMatchObject({
    kind: "done",
    note: { warning: expect.stringContaining("ignored") },
  });
});

test("policy: a reply that is no event fails the attempt", () => {
  const body: ResponseBody = { kind: "invalid-event", message: "no id", start: Buffer.from("{") };
  expect(verdict(response(200, body))).toMatchObject({
    kind: "again",
    failure: { reason: "reply-invalid", status: 200 },
  });
});

test("policy: a reply that cannot be stored now fails the attempt; one that is refused does not", () => {
  const reason = "full";
  expect(verdict(response(200), { reply: { kind: "unavailable", reason } })).toMatchObject({
    kind: "again",
    failure: { reason: "reply-not-stored" },
  });
  expect(verdict(response(200), { reply: { kind: "refused", reason } })).toMatchObject({
    kind: "done",
    note: { warning: "the reply was refused: full" },
  });
});

test("policy: going down holds at once", () => {
  expect(verdict({ kind: "aborted" })).toMatchObject({ kind: "hold", notBefore: now });
});
