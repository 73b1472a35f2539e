import { expect, test } from "vitest";
import { sampleEvent } from "./filter/event.testing.ts";
import type { Filter } from "./filter/filter.ts";
import { createMatcher } from "./matcher.ts";
import { sampleSubscription } from "./subscription.testing.ts";

const onType = (type: string): Filter => ({ kind: "exact", pairs: { type } });

test("matcher: returns the prebuilt route of every trigger that takes the event", () => {
  const matcher = createMatcher();
  matcher.put(sampleSubscription({ uid: "1", filter: onType("order.created") }));
  matcher.put(sampleSubscription({ uid: "2", filter: onType("other") }));
  const [route, ...rest] = matcher.match(sampleEvent(), undefined);
  expect(rest).toEqual([]);
  expect(route).toBe(matcher.find("1"));
  expect(route).toMatchObject({ uid: "1", target: "url:http://127.0.0.1:1/", deadLetterTarget: undefined });
});

test("matcher: an addressee is the only one meant, whatever the filters say", () => {
  const matcher = createMatcher();
  matcher.put(sampleSubscription({ uid: "1", filter: onType("other") }));
  matcher.put(sampleSubscription({ uid: "2", filter: onType("order.created") }));
  expect(matcher.match(sampleEvent(), "1").map((route) => route.uid)).toEqual(["1"]);
  expect(matcher.match(sampleEvent(), "unknown")).toEqual([]);
});

test("matcher: a trigger put again is matched by its new filter alone, and not at all once removed", () => {
  const matcher = createMatcher();
  matcher.put(sampleSubscription({ uid: "1", filter: onType("order.created") }));
  matcher.put(sampleSubscription({ uid: "1", filter: { kind: "not", filter: onType("x") }, paused: true }));
  expect([matcher.size, matcher.residue]).toEqual([1, 1]);
  expect(matcher.match(sampleEvent(), undefined)).toMatchObject([{ uid: "1", paused: true }]);
  expect([matcher.remove("1"), matcher.remove("1"), matcher.size, matcher.residue]).toEqual([true, false, 0, 0]);
  expect(matcher.find("1")).toBeUndefined();
});
