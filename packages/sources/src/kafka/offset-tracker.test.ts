import fc from "fast-check";
import { expect, test } from "vitest";
import { OffsetTracker, type Taken } from "./offset-tracker.ts";

test("offset tracker: the position is the start until something is settled", () => {
  const tracker = new OffsetTracker("7");
  expect(tracker.position).toBe("7");
  tracker.take("7");
  tracker.reach("8");
  expect(tracker.position).toBe("7");
});

test("offset tracker: a record that is stored before an earlier one does not move the position", () => {
  const tracker = new OffsetTracker("0");
  const first = tracker.take("0");
  const second = tracker.take("1");
  tracker.reach("2");
  tracker.settle(second);
  expect(tracker.position).toBe("0");
  tracker.settle(first);
  expect(tracker.position).toBe("2");
});

test("offset tracker: gaps of compaction and markers count as stored", () => {
  const tracker = new OffsetTracker("3");
  const only = tracker.take("10");
  tracker.reach("25");
  expect(tracker.position).toBe("10");
  tracker.settle(only);
  expect(tracker.position).toBe("25");
  tracker.reach("30");
  expect(tracker.position).toBe("30");
});

test("offset tracker: offsets beyond the safe integers stay exact", () => {
  const tracker = new OffsetTracker("9223372036854775800");
  tracker.settle(tracker.take("9223372036854775800"));
  tracker.take("9223372036854775801");
  tracker.reach("9223372036854775802");
  expect(tracker.position).toBe("9223372036854775801");
});

test("offset tracker: what is stored after the partition was taken away moves nothing", () => {
  const tracker = new OffsetTracker("0");
  const taken = tracker.take("0");
  tracker.reach("1");
  tracker.revoke();
  tracker.settle(taken);
  expect(tracker.position).toBe("0");
});

const command = fc.oneof(
  { weight: 4, arbitrary: fc.record({ kind: fc.constant("take" as const), gap: fc.integer({ min: 0, max: 3 }) }) },
  { weight: 4, arbitrary: fc.record({ kind: fc.constant("settle" as const), pick: fc.nat() }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant("reach" as const), gap: fc.integer({ min: 0, max: 3 }) }) },
);

test("offset tracker: it gives the lowest offset that is not stored, never more and never less", () => {
  fc.assert(
    fc.property(fc.nat(1000), fc.array(command, { maxLength: 200 }), (start, commands) => {
      const tracker = new OffsetTracker(String(start));
      const open: { readonly offset: number; readonly taken: Taken }[] = [];
      let end = start;
      for (const next of commands) {
        if (next.kind === "take") {
          const offset = end + next.gap;
          open.push({ offset, taken: tracker.take(String(offset)) });
          end = offset + 1;
          tracker.reach(String(end));
        } else if (next.kind === "reach") {
          end += next.gap;
          tracker.reach(String(end));
        } else if (open.length > 0) {
          const [settled] = open.splice(next.pick % open.length, 1);
          tracker.settle(settled!.taken);
          tracker.settle(settled!.taken);
        }
        expect(tracker.position).toBe(String(Math.min(end, ...open.map(({ offset }) => offset))));
        expect(tracker.pending).toBe(open.length);
      }
    }),
    { numRuns: 100 },
  );
});

test("offset tracker: thousands of records in order leave no trail and cost no more each", () => {
  const tracker = new OffsetTracker("0");
  const held = tracker.take("0");
  const rest = Array.from({ length: 20_000 }, (_, index) => tracker.take(String(index + 1)));
  tracker.reach("20001");
  for (const taken of rest) tracker.settle(taken);
  expect(tracker.position).toBe("0");
  tracker.settle(held);
  expect(tracker.position).toBe("20001");
  expect(tracker.pending).toBe(0);
});
