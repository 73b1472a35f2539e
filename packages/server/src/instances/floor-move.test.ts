import fc from "fast-check";
import { expect, test } from "vitest";
import { type FloorView, floorMove } from "./floor-move.ts";

function view(minScale: number, holders: Record<string, number>, able: string[], change: Partial<FloorView> = {}) {
  return { minScale, holders: new Map(Object.entries(holders)), id: "a", beyond: 0, ableHere: true, able, ...change };
}

test("floor move: a process alone takes all, one of several its share at once and the rest later", () => {
  expect(floorMove(view(2, { a: 1 }, ["a"]))).toEqual({ kind: "take" });
  expect(floorMove(view(2, {}, ["a", "b"]))).toEqual({ kind: "take" });
  expect(floorMove(view(2, { a: 1 }, ["a", "b"]))).toEqual({ kind: "later" });
  expect(floorMove(view(2, { a: 1, b: 1 }, ["a", "b"]))).toEqual({ kind: "rest" });
});

test("floor move: one with none takes from one with two or more, and from nobody else", () => {
  expect(floorMove(view(2, { b: 2 }, ["a", "b"]))).toEqual({ kind: "take-from", host: "b" });
  expect(floorMove(view(2, { b: 1, c: 1 }, ["a", "b", "c"]))).toEqual({ kind: "rest" });
});

test("floor move: what is beyond a lowered minimum, or cannot be run here, is given back", () => {
  expect(floorMove(view(1, { a: 2 }, ["a"], { beyond: 1 }))).toEqual({ kind: "release" });
  expect(floorMove(view(2, { a: 2 }, ["b"], { ableHere: false }))).toEqual({ kind: "release" });
  expect(floorMove(view(2, {}, ["b"], { ableHere: false }))).toEqual({ kind: "rest" });
});

test("floor move: processes that move in any order come to rest with the minimum held, and none empty while one has two", () => {
  const moves = fc.array(fc.nat(3), { minLength: 60, maxLength: 60 });
  fc.assert(
    fc.property(fc.nat(8), fc.integer({ min: 1, max: 4 }), moves, (minScale, count, order) => {
      const ids = ["a", "b", "c", "d"].slice(0, count);
      const held = new Map<string, number>();
      const add = (id: string, n: number) => void held.set(id, (held.get(id) ?? 0) + n);
      for (const turn of [...order, ...order.map((_, n) => n)]) {
        const id = ids[turn % count]!;
        const move = floorMove({ minScale, holders: held, id, beyond: 0, ableHere: true, able: ids });
        if (move.kind === "take" || move.kind === "later") add(id, 1);
        if (move.kind === "take-from") {
          add(move.host, -1);
          add(id, 1);
        }
      }
      const counts = ids.map((id) => held.get(id) ?? 0);
      expect(counts.reduce((sum, each) => sum + each, 0)).toBe(minScale);
      if (Math.max(...counts) >= 2) expect(Math.min(...counts)).toBeGreaterThan(0);
    }),
    { numRuns: 100 },
  );
});
