import fc from "fast-check";
import { expect, test } from "vitest";
import type { Json } from "../store/port.ts";
import { mergePatch } from "./patch.ts";

test("merge patch: the cases of RFC 7396, appendix A", () => {
  const cases: [Json, Json, Json][] = [
    [{ a: "b" }, { a: "c" }, { a: "c" }],
    [{ a: "b" }, { b: "c" }, { a: "b", b: "c" }],
    [{ a: "b" }, { a: null }, {}],
    [{ a: "b", b: "c" }, { a: null }, { b: "c" }],
    [{ a: ["b"] }, { a: "c" }, { a: "c" }],
    [{ a: "c" }, { a: ["b"] }, { a: ["b"] }],
    [{ a: { b: "c" } }, { a: { b: "d", c: null } }, { a: { b: "d" } }],
    [{ a: [{ b: "c" }] }, { a: [1] }, { a: [1] }],
    [
      ["a", "b"],
      ["c", "d"],
      ["c", "d"],
    ],
    [{ a: "b" }, ["c"], ["c"]],
    [{ a: "foo" }, null, null],
    [{ a: "foo" }, "bar", "bar"],
    [{ e: null }, { a: 1 }, { e: null, a: 1 }],
    [[1, 2], { a: "b", c: null }, { a: "b" }],
    [{}, { a: { bb: { ccc: null } } }, { a: { bb: {} } }],
  ];
  for (const [target, patch, result] of cases) expect(mergePatch(target, patch)).toEqual(result);
});

test("merge patch: applied twice it is the same as once, and its target is not changed", () => {
  fc.assert(
    fc.property(fc.jsonValue({ maxDepth: 3 }), fc.jsonValue({ maxDepth: 3 }), (target, patch) => {
      const before = JSON.stringify(target);
      const once = mergePatch(target as Json, patch as Json);
      expect(mergePatch(once, patch as Json)).toEqual(once);
      expect(JSON.stringify(target)).toBe(before);
    }),
    { numRuns: 100 },
  );
});

test("merge patch: cannot reach a prototype", () => {
  const patched = mergePatch({}, JSON.parse('{"__proto__": {"polluted": true}}') as Json) as { polluted?: boolean };
  expect([patched.polluted, ({} as { polluted?: boolean }).polluted]).toEqual([undefined, undefined]);
});
