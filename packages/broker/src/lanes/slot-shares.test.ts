import fc from "fast-check";
import { expect, test } from "vitest";
import { type SlotShare, SlotShares } from "./slot-shares.ts";

const target = "service:default/mail";

function lane(shares: SlotShares, held = 0, waiting = 0): SlotShare {
  const share = shares.join();
  share.lead(target);
  share.set(held, waiting);
  return share;
}

test("slot shares: a lane that is alone with its target takes all that is free", () => {
  const shares = new SlotShares();
  const only = lane(shares, 2, 0);
  expect(only.grant(6, 256)).toBe(8);
  expect(only.grant(6, 5)).toBe(5);
});

test("slot shares: lanes with messages divide what is free, and none takes what another has asked for", () => {
  const shares = new SlotShares();
  const lanes = [lane(shares, 0, 9), lane(shares, 0, 9), lane(shares, 0, 9)];
  expect(lanes.map((one) => one.grant(6, 256))).toEqual([2, 2, 2]);
  expect(shares.reserved(target)).toBe(6);
  expect(lanes.map((one) => one.grant(6, 256))).toEqual([2, 2, 2]);
});

test("slot shares: a lane without messages takes one, to hear of more, and keeps none from the others", () => {
  const shares = new SlotShares();
  const idle = lane(shares);
  const busy = lane(shares, 0, 50);
  expect(idle.grant(6, 256)).toBe(1);
  expect(busy.grant(6, 256)).toBe(6);
});

test("slot shares: every lane may ask a target that has nothing free", () => {
  const shares = new SlotShares();
  const lanes = [lane(shares, 0, 3), lane(shares, 2, 3)];
  expect(lanes.map((one) => one.grant(0, 256))).toEqual([1, 2]);
});

test("slot shares: whoever leaves, pauses or has no messages left gives back what was reserved", () => {
  const shares = new SlotShares();
  const [a, b, c] = [lane(shares, 0, 9), lane(shares, 0, 9), lane(shares, 0, 9)];
  for (const one of [a, b, c]) one.grant(6, 256);
  a.lead(undefined);
  b.pass();
  c.set(0, 0);
  expect(shares.reserved(target)).toBe(0);
  c.set(0, 9);
  b.lead("service:default/other");
  expect(c.grant(6, 256)).toBe(6);
});

test("slot shares: what lanes may hold beyond what they hold never exceeds what is free by more than one each", () => {
  const step = fc.record({
    lane: fc.nat(3),
    what: fc.constantFrom("grant", "take", "settle", "more", "pass"),
  });
  fc.assert(
    fc.property(fc.integer({ min: 0, max: 12 }), fc.array(step, { maxLength: 60 }), (slots, steps) => {
      const shares = new SlotShares();
      const lanes = [0, 1, 2, 3].map(() => ({ share: lane(shares, 0, 5), held: 0, waiting: 5, may: 0 }));
      const free = () => Math.max(0, slots - lanes.reduce((sum, one) => sum + one.held, 0));
      for (const { lane: index, what } of steps) {
        const one = lanes[index]!;
        if (what === "grant") one.may = one.share.grant(free(), 256);
        if (what === "pass") {
          one.share.pass();
          one.may = 0;
        }
        if (what === "take" && one.held < one.may && one.waiting > 0) {
          one.held++;
          one.waiting--;
        }
        if (what === "settle" && one.held > 0) {
          one.held--;
          one.may--;
        }
        if (what === "more") one.waiting++;
        one.share.set(one.held, one.waiting);
        const held = lanes.reduce((sum, each) => sum + each.held, 0);
        expect(held).toBeLessThanOrEqual(slots + lanes.length);
      }
    }),
    { numRuns: 300 },
  );
});
