import { expect, test } from "vitest";
import { uuidOf } from "./uuid.ts";

test("uuid: has the form of version 4, made of the numbers given", () => {
  expect(uuidOf(() => 0)).toBe("00000000-0000-4000-8000-000000000000");
  expect(uuidOf(() => 0.999)).toBe("ffffffff-ffff-4fff-bfff-ffffffffffff");
});
