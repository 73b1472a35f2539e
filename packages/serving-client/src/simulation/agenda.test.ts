import fc from "fast-check";
import { expect, test } from "vitest";
import { Agenda } from "./agenda.ts";

test("agenda: gives everything in the order of time, and of being added at the same time", () => {
  fc.assert(
    fc.property(fc.array(fc.nat(9), { maxLength: 50 }), (times) => {
      const agenda = new Agenda<number>();
      for (const [n, at] of times.entries()) agenda.add(at, n);
      const given: { at: number; what: number }[] = [];
      for (let next = agenda.next(); next; next = agenda.next()) given.push({ at: next.at, what: next.what });
      const sorted = times.map((at, what) => ({ at, what })).sort((a, b) => a.at - b.at || a.what - b.what);
      expect(given).toEqual(sorted);
    }),
  );
});
