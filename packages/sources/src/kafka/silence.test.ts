import { expect, test } from "vitest";
import { Silence } from "./silence.ts";

test("kafka silence: ends what waits and what comes later, and lets answers through before", async () => {
  const silence = new Silence();
  const never = new Promise<never>(() => undefined);
  expect(await silence.orAnswer(Promise.resolve(7))).toBe(7);
  await expect(silence.orAnswer(Promise.reject(new Error("refused")))).rejects.toThrow("refused");
  const waiting = silence.orAnswer(never);
  silence.fallen(new Error("timed out"));
  await expect(waiting).rejects.toThrow("timed out");
  await expect(silence.orAnswer(never)).rejects.toThrow("timed out");
});

test("kafka silence: keeps nothing of what was answered", async () => {
  const silence = new Silence();
  for (let question = 0; question < 100; question += 1) await silence.orAnswer(Promise.resolve(question));
  await silence.orAnswer(Promise.reject(new Error("refused"))).catch(() => undefined);
  expect(silence.waits).toBe(0);
});
