import { expect, test } from "vitest";
import { BatchTurns } from "./batch-turns.ts";

test("batch turns: one goes on in each turn of the event loop, in the order in which they asked", async () => {
  const runs: (() => void)[] = [];
  const turns = new BatchTurns((run) => void runs.push(run));
  const gone: number[] = [];
  for (const n of [1, 2, 3]) void turns.next().then(() => gone.push(n));
  const seen: number[][] = [];
  for (let run = runs.shift(); run; run = runs.shift()) {
    run();
    await Promise.resolve();
    seen.push([...gone]);
  }
  expect(seen).toEqual([[1], [1, 2], [1, 2, 3]]);
});
