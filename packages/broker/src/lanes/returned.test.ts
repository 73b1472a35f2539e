import { expect, test } from "vitest";
import { Returned } from "./returned.ts";

test("returned: messages count from when they fall due until they are handed out again", () => {
  const returned = new Returned();
  returned.add(1, 300);
  returned.add(2, 100);
  returned.add(3, 200);
  expect([returned.due(99), returned.due(200), returned.due(300)]).toEqual([0, 2, 3]);
  returned.taken(2);
  expect(returned.due(300)).toBe(2);
});

test("returned: one that was handed out before its time, and back, counts from the later time", () => {
  const returned = new Returned();
  returned.add(1, 100);
  returned.taken(1);
  returned.add(1, 500);
  expect([returned.due(100), returned.due(499), returned.due(500)]).toEqual([0, 0, 1]);
});

test("returned: what is passed over for a second is in other hands", () => {
  const returned = new Returned();
  returned.add(1, 100);
  returned.add(2, 600);
  returned.add(3, 9_000);
  returned.passedOver(1_099);
  expect(returned.due(1_099)).toBe(2);
  returned.passedOver(1_100);
  expect(returned.due(1_100)).toBe(1);
  returned.passedOver(2_000);
  expect([returned.due(2_000), returned.due(9_000)]).toEqual([0, 1]);
});
