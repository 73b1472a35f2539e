import { ManualClock } from "@rouse/base";
import { expect, test } from "vitest";
import { samplePolicy } from "../subscription.testing.ts";
import type { Subscription } from "../subscription.ts";
import type { Acquired, Target, Targets } from "../target.ts";
import { deadLetterEvent } from "./dead-letter.ts";
import { sampleDelivery } from "./delivery.testing.ts";
import type { Delivery } from "./delivery.ts";
import { dispatcherWith, never } from "./dispatcher.testing.ts";

const mail: Target = { kind: "service", namespace: "shop", name: "mail", path: "/" };
const hour = 3_600_000;

/** Deliveries to a service that failed to start at time 0 and does not come up. */
function failingService(subscription: Partial<Subscription>) {
  const clock = new ManualClock();
  const since = clock.now();
  const held: Acquired = {
    kind: "held",
    reason: "mail could not be started",
    retryAfterMs: 4_000,
    failing: { reason: "ExitedBeforeReady", message: "it exited with code 1:\nno database", since },
  };
  const targets: Targets = { acquire: async () => held };
  const { dispatcher } = dispatcherWith({ targets, clock });
  const deliver = (fields: Partial<Delivery> = {}) =>
    dispatcher.deliver(sampleDelivery({ subscriber: mail, ...subscription }, fields), never);
  return { clock, deliver };
}

test("a service that cannot start: holds the delivery, as the same attempt, until hold-max is over", async () => {
  const { clock, deliver } = failingService({ breaker: { holdMaxMs: hour } });
  await clock.advance(hour - 1);
  expect(await deliver()).toEqual({
    kind: "hold",
    reason: "mail could not be started",
    notBefore: clock.now() + 4_000,
    note: { service: "shop/mail" },
  });
});

test("a service that cannot start: attempts count after hold-max, and wait as the policy says", async () => {
  const { clock, deliver } = failingService({ breaker: { holdMaxMs: hour } });
  await clock.advance(hour);
  expect(await deliver({ attempt: 2 })).toMatchObject({
    kind: "again",
    notBefore: clock.now() + 400,
    failure: {
      reason: "service-cannot-start",
      message: "service shop/mail cannot be started (ExitedBeforeReady): it exited with code 1:\nno database",
      status: 500,
    },
  });
});

test("a service that cannot start: attempts count at once where the breaker is off", async () => {
  const { deliver } = failingService({ breaker: undefined });
  expect(await deliver()).toMatchObject({ kind: "again" });
});

test("a service that cannot start: is the reason of the event's end, and told to the dead-letter sink", async () => {
  const { deliver } = failingService({ breaker: undefined, policy: { ...samplePolicy, retry: 2 } });
  const verdict = await deliver({ attempt: 3 });
  expect(verdict).toMatchObject({ kind: "dead", failure: { reason: "service-cannot-start", attempts: 3 } });
  if (verdict.kind !== "dead") return;
  expect(verdict.failure.message).toMatch(/no database; attempt 3 was the last$/);
  const { attributes } = deadLetterEvent(sampleDelivery({}, { stage: "dead-letter", failure: verdict.failure }));
  expect(attributes).toMatchObject({ rousereason: "service-cannot-start", rouseattempts: 3, knativeerrorcode: 500 });
  expect(Buffer.from(String(attributes.knativeerrordata), "base64").toString()).toContain("no database");
});

test("a service that cannot start: as a dead-letter sink it is held and counted in the same way", async () => {
  const { clock, deliver } = failingService({ breaker: { holdMaxMs: hour }, deadLetterSink: mail });
  expect(await deliver({ stage: "dead-letter" })).toMatchObject({ kind: "hold" });
  await clock.advance(hour);
  expect(await deliver({ stage: "dead-letter" })).toMatchObject({ kind: "again" });
});
