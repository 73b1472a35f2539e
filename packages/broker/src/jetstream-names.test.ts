import fc from "fast-check";
import { expect, test } from "vitest";
import { internalBroker, jetstreamNames, typeTokens, uidOfSubject } from "./jetstream-names.ts";

// Stored data is found under these names: a change here needs a migration.
test("names: of a broker", () => {
  const uid = "0b9f1c5e-7f0e-4d6b-9c58-2f9c1b0a1d2e";
  const names = jetstreamNames("default", "orders");
  expect(names).toMatchObject({
    logStream: "ROUSE_LOG_default_orders",
    logSubjects: "rouse.log.default.orders.>",
    routerCursor: "router",
    laneStream: "ROUSE_LANE_default_orders",
    laneSubjects: "rouse.lane.default.orders.*",
    deadStream: "ROUSE_DEAD_default_orders",
    deadSubjects: "rouse.dead.default.orders.*",
    journalStream: "ROUSE_JOURNAL_default_orders",
    journalSubjects: "rouse.journal.default.orders.*",
  });
  expect(names.logSubject("com.example.paid")).toBe("rouse.log.default.orders.com.example.paid");
  expect(names.laneSubject(uid)).toBe(`rouse.lane.default.orders.${uid}`);
  expect(names.deadSubject(uid)).toBe(`rouse.dead.default.orders.${uid}`);
  expect(names.journalSubject(uid)).toBe(`rouse.journal.default.orders.${uid}`);
  expect(names.laneCursor(uid)).toBe(`lane_${uid}`);
  expect(uidOfSubject(names.laneSubject(uid))).toBe(uid);
});

test("names: of another installation, and of a namespace's internal log", () => {
  const names = jetstreamNames("team-a", internalBroker, "blue");
  expect(names.logStream).toBe("BLUE_LOG_team-a__internal");
  expect(names.logSubjects).toBe("blue.log.team-a._internal.>");
});

test.each([
  ["com.example.order_paid-v2", "com.example.order_paid-v2"],
  ["a b", "a%20b"],
  ["*", "%2A"],
  [">", "%3E"],
  ["", "%"],
  ["a..b", "a.%.b"],
  [".", "%.%"],
  ["%", "%25"],
  ["100%", "100%25"],
  ["größe", "gr%C3%B6%C3%9Fe"],
  ["/v1/items", "%2Fv1%2Fitems"],
  ["a.b.c.d.e.f.g.h.i.j.k.l", "a.b.c.d.e.f.g.h.i.j.k.l"],
  ["a.b.c.d.e.f.g.h.i.j.k.l.m", "%sha256-6be86356c053c7ab8296d9589922d60dc1f563f1e3398fc9dca5a8915d80d8d0"],
  ["x".repeat(160), "x".repeat(160)],
  ["x".repeat(161), "%sha256-"],
])("names: type %j becomes %s", (type, tokens) => {
  expect(typeTokens(type).startsWith(tokens)).toBe(true);
});

test("names: type tokens are injective, and legal subject tokens", () => {
  const character = fc.constantFrom("a", "B", "9", "_", "-", ".", "%", " ", "*", ">", "ß", "\u0000", "2", "5", "s");
  const types = fc.array(character, { maxLength: 40 }).map((parts) => parts.join(""));
  fc.assert(
    fc.property(types, types, (one, other) => {
      if (one !== other) expect(typeTokens(one)).not.toBe(typeTokens(other));
      expect(typeTokens(one)).toMatch(/^[A-Za-z0-9_%-]+(\.[A-Za-z0-9_%-]+)*$/);
      expect(typeTokens(one).length).toBeLessThanOrEqual(160);
    }),
    { numRuns: 300 },
  );
});
