import { createEvent } from "@rouse/events";
import { expect, test } from "vitest";
import { redactedOutlets } from "./redacted-outlets.ts";
import { Redactor } from "./redactor.ts";

const event = createEvent({ id: "1", source: "/s", type: "t" }, undefined);

test.each([
  ["answers", async () => ({ kind: "refused", reason: "no user has hunter2-hunter2" }) as const],
  ["throws", () => Promise.reject(new Error("no user has hunter2-hunter2"))],
])("redacted outlets: what a sink %s is told without values of Secrets", async (_, send) => {
  const redactor = new Redactor();
  redactor.learn(Buffer.from("hunter2-hunter2"));
  const outlet = redactedOutlets({ find: () => ({ send }) }, redactor).find("kafkasinks", "default", "out");
  const told = await outlet!.send(event).then((answer) => (answer.kind === "stored" ? "" : answer.reason), String);
  expect(told).toMatch(/no user has \[redacted\]$/);
});

test("redacted outlets: what is not there is not found", () => {
  expect(redactedOutlets({ find: () => undefined }, new Redactor()).find("kafkasinks", "a", "b")).toBeUndefined();
});
