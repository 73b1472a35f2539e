import type { TickLedger } from "@rouse/sources";
import { expect, test } from "vitest";

/** What every tick ledger promises; `make` opens an empty one. */
export function tickLedgerConformance(name: string, make: () => Promise<TickLedger>): void {
  test(`${name}: a record is written once by those who saw none`, async () => {
    const ledger = await make();
    expect(await ledger.read("uid-1")).toBeUndefined();
    const wrote = await Promise.all([1, 2, 3].map((tick) => ledger.write("uid-1", tick * 1000, undefined)));
    expect(wrote.filter(Boolean)).toHaveLength(1);
  });

  test(`${name}: a record is replaced only at the revision that was read`, async () => {
    const ledger = await make();
    await ledger.write("uid-1", 1000, undefined);
    const first = (await ledger.read("uid-1"))!;
    expect(await ledger.write("uid-1", 2000, first.revision)).toBe(true);
    expect(await ledger.write("uid-1", 3000, first.revision)).toBe(false);
    expect((await ledger.read("uid-1"))?.lastTick).toBe(2000);
    expect(await ledger.read("uid-2")).toBeUndefined();
  });
}
