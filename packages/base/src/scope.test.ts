import { expect, test } from "vitest";
import { ManualClock } from "./manual-clock.ts";
import { Scope } from "./scope.ts";

test("scope: closes in reverse order, once, and aborts its signal first", async () => {
  const scope = new Scope();
  const closed: string[] = [];
  scope.defer(() => void closed.push(`first aborted=${scope.signal.aborted}`));
  scope.defer(() => void closed.push("second"));
  await Promise.all([scope.close(), scope.close()]);
  expect(closed).toEqual(["second", "first aborted=true"]);
});

test("scope: a disposer that fails does not stop the others", async () => {
  const scope = new Scope();
  let reached = false;
  scope.defer(() => {
    reached = true;
  });
  scope.defer(() => Promise.reject(new Error("broken")));
  await expect(scope.close()).rejects.toThrow("some things could not be closed");
  expect(reached).toBe(true);
});

test("scope: what is not done within the deadline is abandoned", async () => {
  const clock = new ManualClock();
  const scope = new Scope({ drainMs: 50, clock });
  scope.defer(() => new Promise<void>(() => {}));
  const closed = scope.close().catch((failure: AggregateError) => String(failure.errors[0]));
  await clock.advance(50);
  expect(await closed).toContain("longer than 50 ms");
});

test("scope: what is deferred after closing runs at once", async () => {
  const scope = new Scope();
  await scope.close();
  await new Promise<void>((resolve) => scope.defer(resolve));
  expect(scope.signal.aborted).toBe(true);
});
