import fc from "fast-check";
import { expect, test } from "vitest";
import { DelayHeap } from "./delay-heap.ts";

test("delay heap: gives numbers in the order of their time, and none before it", () => {
  fc.assert(
    fc.property(fc.array(fc.nat(1000), { maxLength: 60 }), fc.nat(1000), (times, now) => {
      const heap = new DelayHeap();
      for (const at of times) heap.push(at, at);
      const due: number[] = [];
      for (let value = heap.popDue(now); value !== undefined; value = heap.popDue(now)) due.push(value);
      expect(due).toEqual(times.filter((at) => at <= now).sort((a, b) => a - b));
      const left = times.filter((at) => at > now);
      expect(heap.first).toBe(left.length > 0 ? Math.min(...left) : undefined);
    }),
    { numRuns: 60 },
  );
});
