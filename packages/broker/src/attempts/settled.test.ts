import { expect, test } from "vitest";
import { SettledKeys } from "./settled.ts";

test("settled keys: the last keys are known, much older ones are forgotten", () => {
  const settled = new SettledKeys(100);
  for (let n = 1; n <= 350; n++) settled.add(`${n}.u`);
  for (let n = 251; n <= 350; n++) expect(settled.has(`${n}.u`)).toBe(true);
  expect(settled.has("1.u")).toBe(false);
  expect(settled.has("100.u")).toBe(false);
});
