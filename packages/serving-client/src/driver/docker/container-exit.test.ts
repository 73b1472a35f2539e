import { expect, test } from "vitest";
import { containerExit } from "./container-exit.ts";

const end = { oomKilled: false, killed: false, suspectMemory: false, unhealthy: undefined };

test("container exit: a code is told as it is, one above 128 with the signal that it stands for", () => {
  expect(containerExit({ ...end, status: 3 })).toEqual({ code: 3, signal: undefined });
  expect(containerExit({ ...end, status: 143 })).toEqual({ code: 143, signal: "SIGTERM" });
  expect(containerExit({ ...end, status: 255 })).toEqual({ code: 255, signal: undefined });
});

test("container exit: nothing is made up when the engine cannot tell", () => {
  expect(containerExit({ ...end, status: undefined, oomKilled: true })).toEqual({ code: undefined, signal: undefined });
});

test("container exit: memory is the cause when the engine says so, unless it ended well or we ended it", () => {
  expect(containerExit({ ...end, status: 137, oomKilled: true }).outOfMemory).toBe(true);
  expect(containerExit({ ...end, status: 1, oomKilled: true }).outOfMemory).toBe(true);
  expect(containerExit({ ...end, status: 0, oomKilled: true }).outOfMemory).toBeUndefined();
  expect(containerExit({ ...end, status: 137, oomKilled: true, killed: true }).outOfMemory).toBeUndefined();
});

test("container exit: an engine that never says so is not asked: SIGKILL from nobody, at a limit, is memory", () => {
  expect(containerExit({ ...end, status: 137, suspectMemory: true }).outOfMemory).toBe(true);
  expect(containerExit({ ...end, status: 137 }).outOfMemory).toBeUndefined();
  expect(containerExit({ ...end, status: 143, suspectMemory: true }).outOfMemory).toBeUndefined();
});

test("container exit: a container that we ended as unhealthy is told as that, whatever else is known of its end", () => {
  const unhealthy = "refused";
  expect(containerExit({ ...end, status: 143, oomKilled: true, unhealthy })).toEqual({
    code: 143,
    signal: "SIGTERM",
    unhealthy,
  });
  expect(containerExit({ ...end, status: undefined, unhealthy })).toEqual({
    code: undefined,
    signal: undefined,
    unhealthy,
  });
});
