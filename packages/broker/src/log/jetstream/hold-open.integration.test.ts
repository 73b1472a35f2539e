import { expect, test } from "vitest";
import { runBuilt } from "./built-module.testing.ts";

const waiting = `() => new Promise((resolve) => setTimeout(resolve, 50).unref())`;

test("hold open: a process that only waits for a timer lives until the work is done, and no longer", async () => {
  const held = await runBuilt("hold-open", `await subject.holdOpen(${waiting}); console.log("done");`);
  expect(held).toEqual({ printed: "done", code: 0 });
  const bare = await runBuilt("hold-open", `await (${waiting})(); console.log("done");`);
  expect(bare).toEqual({ printed: "", code: 13 });
  const failed = `await subject.holdOpen(async () => { throw 1; }).catch(() => console.log("failed"));`;
  expect(await runBuilt("hold-open", failed)).toEqual({ printed: "failed", code: 0 });
});
