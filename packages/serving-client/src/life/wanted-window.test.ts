import fc from "fast-check";
import { expect, test } from "vitest";
import { type Peak, withoutOld, withWanted } from "./wanted-window.ts";

test("wanted window: remembers the most that was wanted within the window, as a full record would", () => {
  const step = fc.record({ wanted: fc.nat(6), ms: fc.integer({ min: 1, max: 40 }) });
  fc.assert(
    fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
      const windowMs = 100;
      let peaks: readonly Peak[] = [];
      let before = { wanted: 0, at: 0 };
      const record: { wanted: number; from: number }[] = [{ wanted: 0, from: 0 }];
      let now = 0;
      for (const { wanted, ms } of steps) {
        now += ms;
        peaks = withoutOld(withWanted(peaks, before, wanted), windowMs, now);
        before = { wanted, at: now };
        record.push({ wanted, from: now });
        // What was wanted at a step was so until that step, and is not known to have been so any longer.
        const within = record.filter((it) => it.from + windowMs > now).map((it) => it.wanted);
        const most = Math.max(wanted, peaks[0]?.wanted ?? 0);
        expect(Math.max(1, most)).toBe(Math.max(1, ...within));
        expect(peaks.length).toBeLessThanOrEqual(6);
      }
    }),
  );
});
