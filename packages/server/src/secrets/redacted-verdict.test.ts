import { expect, test } from "vitest";
import { redactedVerdict } from "./redacted-verdict.ts";
import { Redactor } from "./redactor.ts";

const redactor = new Redactor();
redactor.learn(Buffer.from("hunter2-hunter2"));

test("redacted verdict: message, body and reason of what failed hold no value", () => {
  const failure = { reason: "refused", message: "no hunter2-hunter2", body: Buffer.from("got hunter2-hunter2") };
  const dead = redactedVerdict({ kind: "dead", failure }, redactor);
  expect(dead).toMatchObject({ kind: "dead", failure: { reason: "refused", message: "no [redacted]" } });
  expect(String(dead.kind === "dead" && dead.failure.body)).toBe("got [redacted]");
  const held = redactedVerdict({ kind: "hold", reason: "hunter2-hunter2", notBefore: 5 }, redactor);
  expect(held).toEqual({ kind: "hold", reason: "[redacted]", notBefore: 5 });
  const warned = redactedVerdict({ kind: "done", note: { warning: "hunter2-hunter2" } }, redactor);
  expect(warned).toEqual({ kind: "done", note: { warning: "[redacted]" } });
});

test("redacted verdict: one that has no words is not copied", () => {
  const done = { kind: "done", note: { status: 200 } } as const;
  expect(redactedVerdict(done, redactor)).toBe(done);
});
