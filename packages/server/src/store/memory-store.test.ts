import { ManualClock } from "@rouse/base";
import { expect, test } from "vitest";
import { MemoryStore } from "./memory-store.ts";
import { storeConformance } from "./store.conformance.ts";

storeConformance("memory store", async () => new MemoryStore({ clock: new ManualClock() }));

test("memory store: revisions start at the wall time in microseconds, so that those of an earlier process expire", () => {
  const clock = new ManualClock(1_700_000_000_000);
  const store = new MemoryStore({ clock });
  expect(store.revision).toBe(1_700_000_000_000_000);
  expect(store.watch({ after: 1_600_000_000_000_000 }, () => {}).kind).toBe("expired");
});
