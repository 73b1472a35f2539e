import { getEventListeners } from "node:events";
import { expect, test } from "vitest";
import { AbortFanout } from "./abort-fanout.ts";

test("abort fanout: many listeners are one listener of the signal, and each is called once", () => {
  const fanout = new AbortFanout();
  const controller = new AbortController();
  const heard: number[] = [];
  const stops = Array.from({ length: 50 }, (_, n) => fanout.listen(controller.signal, () => heard.push(n)));
  expect(getEventListeners(controller.signal, "abort")).toHaveLength(1);
  for (const stop of stops.slice(2)) stop();
  controller.abort();
  expect(heard).toEqual([0, 1]);
});

test("abort fanout: a signal that has aborted calls at once", () => {
  let heard = 0;
  const stop = new AbortFanout().listen(AbortSignal.abort(), () => {
    heard += 1;
  });
  stop();
  expect(heard).toBe(1);
});
