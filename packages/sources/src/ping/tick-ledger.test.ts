import { expect, test } from "vitest";
import { MemoryLedger } from "./memory-ledger.testing.ts";
import { advanceLedger } from "./tick-ledger.ts";

test("tick ledger: moves forward and never back", async () => {
  const ledger = new MemoryLedger();
  await advanceLedger(ledger, "u", 20);
  await advanceLedger(ledger, "u", 10);
  expect(ledger.records.get("u")).toEqual({ lastTick: 20, revision: 1 });
});

test("tick ledger: replicas that write at the same time end at the newest tick", async () => {
  const ledger = new MemoryLedger();
  await Promise.all([5, 3, 9, 1, 7].map((tick) => advanceLedger(ledger, "u", tick)));
  expect(ledger.records.get("u")?.lastTick).toBe(9);
});

test("tick ledger: a record that can never be written is a fault, not a loop", async () => {
  const ledger = new MemoryLedger();
  ledger.write = () => Promise.resolve(false);
  await expect(advanceLedger(ledger, "u", 1)).rejects.toMatchObject({ code: "SOURCE_LEDGER_CONFLICT" });
});
