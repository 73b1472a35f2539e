import { expect, test } from "vitest";
import { type Ending, endOf, lostItsPort, wordsOf } from "./exit-words.ts";

const ending = (fields: Partial<Ending>): Ending => ({
  exit: { code: 1, signal: undefined },
  port: 20_417,
  served: false,
  asked: false,
  tail: [],
  ...fields,
});

test("exit words: an instance that used too much memory is said to have, with a reason of its own", () => {
  const exit = { code: 137, signal: undefined, outOfMemory: true };
  expect(wordsOf(ending({ exit, served: true }))).toEqual({
    message: "used more memory than its limit and was ended while it was in service",
    reason: "OutOfMemory",
  });
});

test("exit words: whoever wants a port that is taken is told to listen on PORT, with its last words", () => {
  const tail = ["Error: listen EADDRINUSE: address already in use :::3000"];
  expect(wordsOf(ending({ tail })).message).toBe(
    "exited with code 1 before anything listened on PORT 20417; another process has the port that it wants: make it listen on the port that PORT names; stderr:\nError: listen EADDRINUSE: address already in use :::3000",
  );
});

test("exit words: an instance that was asked to end is not advised", () => {
  expect(wordsOf(ending({ asked: true, tail: ["bye"] }))).toEqual({
    message: "exited with code 1",
    reason: undefined,
  });
});

test("exit words: a port is lost when the instance names its PORT as the one in use, before it served and unasked", () => {
  const tail = ["OSError: [Errno 98] Address already in use: ('127.0.0.1', 20417)"];
  expect(lostItsPort(ending({ tail }))).toBe(true);
  expect(lostItsPort(ending({ tail: ["EADDRINUSE :::3000"] }))).toBe(false);
  expect(lostItsPort(ending({ tail, served: true }))).toBe(false);
  expect(lostItsPort(ending({ tail, asked: true }))).toBe(false);
});

test("exit words: an instance that was ended because its health check failed is said to be unhealthy, with what that said", () => {
  const exit = { code: 143, signal: "SIGTERM", unhealthy: "curl: (7) refused" };
  const message = "its health check failed: curl: (7) refused";
  expect(wordsOf(ending({ exit, served: true }))).toEqual({ message, reason: "Unhealthy" });
  expect(wordsOf(ending({ exit })).message).toBe(`${message}; nothing had listened on PORT 20417`);
  expect(endOf(exit)).toEqual({ message, reason: "Unhealthy" });
  expect(endOf({ ...exit, unhealthy: "" }).message).toBe("its health check failed");
  expect(wordsOf(ending({ exit, asked: true }))).toEqual({ message: "was ended by SIGTERM", reason: undefined });
});
