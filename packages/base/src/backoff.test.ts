import fc from "fast-check";
import { expect, test } from "vitest";
import { backoffDelayMs } from "./backoff.ts";

const plain = { delayMs: 200, capMs: 300_000, jitter: 0 } as const;

test("backoff: exponential is d, 2d, 4d", () => {
  const delays = [1, 2, 3].map((n) => backoffDelayMs({ ...plain, policy: "exponential" }, n, () => 0));
  expect(delays).toEqual([200, 400, 800]);
});

test("backoff: linear is d, d, d", () => {
  const delays = [1, 2, 3].map((n) => backoffDelayMs({ ...plain, policy: "linear" }, n, () => 0));
  expect(delays).toEqual([200, 200, 200]);
});

test("backoff: is bounded, and monotone without jitter", () => {
  fc.assert(
    fc.property(
      fc.nat(10_000),
      fc.nat(1e6),
      fc.nat(1e7),
      fc.double({ min: 0, max: 0.999, noNaN: true }),
      (n, d, cap, chance) => {
        const backoff = { policy: "exponential", delayMs: d, capMs: cap, jitter: 0.1 } as const;
        const delay = backoffDelayMs(backoff, n, () => chance);
        const still = { ...backoff, jitter: 0 };
        expect(delay).toBeGreaterThanOrEqual(0);
        expect(delay).toBeLessThanOrEqual(Math.ceil(cap * 1.1));
        expect(backoffDelayMs(still, n + 1, () => 0)).toBeGreaterThanOrEqual(backoffDelayMs(still, n, () => 0));
      },
    ),
  );
});
