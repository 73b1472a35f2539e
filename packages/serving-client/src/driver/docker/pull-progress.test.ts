import { expect, test } from "vitest";
import { PullProgress } from "./pull-progress.ts";

test("pull progress: a failure is found within the progress, wherever it is cut", () => {
  const text = '{"status":"Pulling"}\r\n{"errorDetail":{"message":"no"},"error":"manifest unknown"}';
  for (let cut = 1; cut < text.length; cut++) {
    const progress = new PullProgress();
    progress.push(Buffer.from(text.slice(0, cut)));
    progress.push(Buffer.from(text.slice(cut)));
    expect(progress.error).toBe("manifest unknown");
  }
});

test("pull progress: a pull that goes well has no failure, whatever else is told", () => {
  const progress = new PullProgress();
  progress.push(Buffer.from('{"status":"Pulling"}\nnot json\nnull\n{"status":"Done"}\n'));
  expect(progress.error).toBeUndefined();
});
