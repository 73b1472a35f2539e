import { burst, type Case, every, poisson } from "./case.ts";

const usual = { concurrency: 10, meanDurationMs: 100, coldStartMs: 500, maxScale: 100, idleMs: 60_000 };

/** The loads that the policy of scaling is held to. */
export const cases = {
  single: { ...usual, name: "one event from zero", arrivals: burst(1) },
  burst: { ...usual, name: "burst of 200, concurrency 10, 100 ms", arrivals: burst(200) },
  slowBurst: {
    ...usual,
    name: "burst of 200, concurrency 1, 2 s",
    arrivals: burst(200),
    concurrency: 1,
    meanDurationMs: 2_000,
  },
  steady: { ...usual, name: "100 a second for 5 minutes", arrivals: poisson(100, 0, 300_000, 1) },
  step: {
    ...usual,
    name: "20, then 400 a second, a minute each",
    arrivals: [...poisson(20, 0, 60_000, 2), ...poisson(400, 60_000, 120_000, 3)],
  },
  sparse: { ...usual, name: "one event each 90 s, 20 times", arrivals: every(90_000, 20) },
} as const satisfies Record<string, Case>;
