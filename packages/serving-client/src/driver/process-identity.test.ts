import { expect, test } from "vitest";
import { hasEnded, ownIdentity, readIdentity, seeProcess, writeIdentity } from "./process-identity.ts";

const own = { machine: "m", boot: "b", namespace: "1", pid: 10, start: "100" };
const absent = { kind: "absent" } as const;
const runs = (start: string) => ({ kind: "runs", start }) as const;

test("process identity: a process has ended when it is not there, or another one has its id", () => {
  expect(hasEnded({ ...own, pid: 11 }, own, absent)).toBe("ended");
  expect(hasEnded({ ...own, pid: 11, start: "90" }, own, runs("95"))).toBe("ended");
  expect(hasEnded({ ...own, pid: 11, start: "90" }, own, runs("90"))).toBe("runs");
});

test("process identity: what ran before this machine was started has ended", () => {
  expect(hasEnded({ ...own, boot: "earlier" }, own, runs("100"))).toBe("ended");
});

test("process identity: of another machine or another container nothing is known", () => {
  expect(hasEnded({ ...own, machine: "other" }, own, absent)).toBe("unknown");
  expect(hasEnded({ ...own, namespace: "2" }, own, absent)).toBe("unknown");
});

test("process identity: a process that cannot say when it started is not taken for another", () => {
  expect(hasEnded({ ...own, start: "" }, own, runs("95"))).toBe("runs");
});

test("process identity: it comes back from its text, and nothing else does", async () => {
  const identity = await ownIdentity();
  expect(readIdentity(writeIdentity(identity))).toEqual(identity);
  for (const text of [undefined, "", "a/b/c", "m/b/1/x/3", "m/b/1/2/3/4"]) expect(readIdentity(text)).toBeUndefined();
});

test("process identity: our own process runs, with the start that its identity names", async () => {
  expect(await seeProcess(process.pid)).toEqual({ kind: "runs", start: (await ownIdentity()).start });
  expect(await seeProcess(2 ** 30)).toEqual({ kind: "absent" });
});
