import { expect, test } from "vitest";
import { Fault, messageOf } from "./fault.ts";

class SampleFault extends Fault<"SAMPLE"> {}

test("fault: carries code, hint and cause, and is named after its class and code", () => {
  const cause = new Error("below");
  const fault = new SampleFault("SAMPLE", "expected one, got two", { hint: "send one", cause });
  expect([fault.code, fault.hint, fault.cause, fault.name]).toEqual([
    "SAMPLE",
    "send one",
    cause,
    "SampleFault [SAMPLE]",
  ]);
});

test("messageOf: finds the sentence in whatever was thrown", () => {
  expect(messageOf(new AggregateError([new Error("refused")]))).toBe("refused");
  expect(messageOf("text")).toBe("text");
});
