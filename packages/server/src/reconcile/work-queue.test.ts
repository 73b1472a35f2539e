import { expect, test } from "vitest";
import { WorkQueue } from "./work-queue.ts";

test("work queue: jobs run one after the other, and one that fails does not stop the next", async () => {
  const seen: string[] = [];
  const queue = new WorkQueue((failure) => seen.push(String(failure)));
  queue.push(async () => {
    await Promise.resolve();
    seen.push("first");
  });
  queue.push(() => Promise.reject("second failed"));
  queue.push(() => void seen.push("third"));
  await queue.settled();
  expect(seen).toEqual(["first", "second failed", "third"]);
});
