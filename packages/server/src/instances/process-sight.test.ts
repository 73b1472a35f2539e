import { ownIdentity, type SeenProcess, writeIdentity } from "@rouse/serving-client";
import { expect, test } from "vitest";
import { processSight } from "./process-sight.ts";

const own = { machine: "m", boot: "b", namespace: "1", pid: 10, start: "100" };
const other = { ...own, pid: 11, start: "90" };
const absent: SeenProcess = { kind: "absent" };
const sight = (seen: SeenProcess, self = own) => processSight(Promise.resolve(self), async () => seen);
const ended = (it: typeof own, seen: SeenProcess, self = own) => sight(seen, self).hasEnded(writeIdentity(it));

test("process sight: a process of this machine has ended when it is not there, or another one has its id", async () => {
  expect(await ended(other, absent)).toBe(true);
  expect(await ended(other, { kind: "runs", start: "95" })).toBe(true);
  expect(await ended(other, { kind: "runs", start: "90" })).toBe(false);
});

test("process sight: nothing is seen of another machine, even of the same name, or of another container", async () => {
  expect(await ended({ ...other, machine: "n" }, absent)).toBe(false);
  expect(await ended({ ...other, boot: "c" }, absent)).toBe(false);
  expect(await ended({ ...other, namespace: "2" }, absent)).toBe(false);
});

test("process sight: nothing is seen where the boot or the namespace is not known, or the identity is none", async () => {
  expect(await ended({ ...other, boot: "" }, absent, { ...own, boot: "" })).toBe(false);
  expect(await ended({ ...other, namespace: "" }, absent, { ...own, namespace: "" })).toBe(false);
  expect(await sight(absent).hasEnded("")).toBe(false);
  const blind = processSight(Promise.resolve(own), () => Promise.reject(new Error("not allowed")));
  expect(await blind.hasEnded(writeIdentity(other))).toBe(false);
});

test("process sight: our own process runs, and says who it is", async () => {
  const real = processSight();
  expect(await real.own).toBe(writeIdentity(await ownIdentity()));
  expect(await real.hasEnded(await real.own)).toBe(false);
});
