import { expect, test } from "vitest";
import type { Register, RegisterRecord } from "./register.ts";

/** What every register promises; `make` opens an empty one. */
export function registerConformance(name: string, make: () => Promise<Register>): void {
  test(`${name}: a key is written once by those who saw none`, async () => {
    await using register = await make();
    const wrote = await Promise.all([1, 2, 3].map((n) => register.put("slot.a.0", { n }, 0)));
    expect(wrote.filter(Boolean)).toHaveLength(1);
    expect(register.get("slot.a.0")?.value).toEqual(wrote.find(Boolean)?.value);
  });

  test(`${name}: a key is replaced and removed only at the revision that was seen`, async () => {
    await using register = await make();
    const first = (await register.put("slot.a.0", { n: 1 }, 0))!;
    const second = (await register.put("slot.a.0", { n: 2 }, first.revision))!;
    expect(await register.put("slot.a.0", { n: 3 }, first.revision)).toBeUndefined();
    expect(await register.remove("slot.a.0", first.revision)).toBe(false);
    expect(register.get("slot.a.0")?.value).toEqual({ n: 2 });
    expect(await register.remove("slot.a.0", second.revision)).toBe(true);
    expect(register.get("slot.a.0")?.value).toBeUndefined();
  });

  test(`${name}: a key that was removed can be written at the revision of its removal`, async () => {
    await using register = await make();
    const first = (await register.put("slot.a.0", { n: 1 }, 0))!;
    await register.remove("slot.a.0", first.revision);
    const removed = register.get("slot.a.0")?.revision ?? 0;
    expect((await register.put("slot.a.0", { n: 2 }, removed))?.value).toEqual({ n: 2 });
  });

  test(`${name}: records are listed by group, and changes told`, async () => {
    await using register = await make();
    const told: RegisterRecord[] = [];
    const stop = register.onChange((record) => void told.push(record));
    await register.put("slot.a.0", { n: 1 }, 0);
    await register.put("slot.a.1", { n: 2 }, 0);
    await register.put("slot.ab.0", { n: 3 }, 0);
    stop();
    await register.put("slot.a.2", { n: 4 }, 0);
    expect(register.list("slot.a").map((record) => record.key)).toEqual(["slot.a.0", "slot.a.1", "slot.a.2"]);
    expect(told.map((record) => record.value?.n)).toEqual([1, 2, 3]);
  });
}
