import { expect, test } from "vitest";
import { createEvent } from "./event-builder.ts";
import { identityOf } from "./identity.ts";
import { least } from "./samples.testing.ts";

test("identity: is stable, because streams hold it", () => {
  expect(identityOf(createEvent(least))).toBe("-DZ-ytzQSsDg32BECmEATXSJX_FDIbFs");
  expect(identityOf(createEvent({ ...least, source: "/ü", id: "😀" }))).toBe("Hy1NB4cHLbgwV9qYAh5tjrLZYbc7Juv6");
});

test("identity: is source and id, nothing else", () => {
  const same = createEvent({ ...least, type: "other", ext: "x" }, new Uint8Array([1]));
  expect(identityOf(same)).toBe(identityOf(createEvent(least)));
  const pairs = [
    ["/s", "2"],
    ["/s2", "1"],
    ["/s1", ""],
    ["/", "s1"],
  ].map(([source, id]) => ({ source, id: id || "-" }));
  const identities = pairs.map((pair) => identityOf(createEvent({ ...least, ...pair } as typeof least)));
  expect(new Set([...identities, identityOf(same)]).size).toBe(5);
});

test("identity: is 32 characters that a header and a subject may hold", () => {
  expect(identityOf(createEvent({ ...least, id: "x".repeat(5000) }))).toMatch(/^[A-Za-z0-9_-]{32}$/);
});
