import { expect, test } from "vitest";
import { Pipeline } from "./pipeline.ts";

test("pipeline: works on as many at once as it is wide, in order, and knows when nothing is left", async () => {
  const begun: number[] = [];
  const ends: (() => void)[] = [];
  const pipeline = new Pipeline<number>(2, (item) => {
    begun.push(item);
    return new Promise((resolve) => ends.push(resolve));
  });
  for (const item of [1, 2, 3, 4]) pipeline.put(item);
  expect([begun, pipeline.active]).toEqual([[1, 2], 2]);
  ends[0]?.();
  await new Promise(setImmediate);
  expect(begun).toEqual([1, 2, 3]);
  expect(pipeline.takeWaiting()).toEqual([4]);
  const idle = pipeline.idle();
  for (const end of ends) end();
  await idle;
  expect([begun, pipeline.active]).toEqual([[1, 2, 3], 0]);
});
