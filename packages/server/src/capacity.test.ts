import type { Activator } from "@rouse/serving-client";
import { createUrlTargets } from "@rouse/triggers";
import { expect, test } from "vitest";
import { createCapacity } from "./capacity.ts";

function capacityOver(free: Record<string, number>, woken: string[] = [], backlogs: [string, number][] = []) {
  let tell: (key: string) => void = () => undefined;
  const activator = {
    free: (key: string) => free[key] ?? 0,
    cold: (key: string) => free[key] === 0,
    anyCold: () => Object.values(free).includes(0),
    wake: (key: string) => void woken.push(key),
    backlog: (key: string, count: number) => void backlogs.push([key, count]),
    onCapacity: (listener: (key: string) => void) => {
      tell = listener;
      return () => undefined;
    },
  } as unknown as Activator;
  return { capacity: createCapacity(activator, createUrlTargets()), tell: (key: string) => tell(key) };
}

test("capacity: a service answers with its free slots, and is woken by its key", () => {
  const woken: string[] = [];
  const { capacity } = capacityOver({ "shop/mail": 0, "shop/busy": 3 }, woken);
  capacity.wake("service:shop/mail");
  expect([capacity.free("service:shop/busy"), capacity.cold("service:shop/mail"), woken]).toEqual([
    3,
    true,
    ["shop/mail"],
  ]);
});

test("capacity: a URL is never cold and has slots; what is unresolved has none", () => {
  const { capacity } = capacityOver({});
  expect(capacity.free("url:http://example.com/")).toBeGreaterThan(0);
  expect(capacity.cold("url:http://example.com/")).toBe(false);
  expect(capacity.free("unresolved")).toBe(0);
});

test("capacity: any service that is cold counts, URLs do not", () => {
  expect(capacityOver({ "shop/mail": 0, "shop/busy": 3 }).capacity.anyCold?.()).toBe(true);
  expect(capacityOver({ "shop/busy": 3 }).capacity.anyCold?.()).toBe(false);
});

test("capacity: listeners hear of services, and of targets whose object changed", () => {
  const { capacity, tell } = capacityOver({});
  const heard: string[] = [];
  const stop = capacity.onChange((target) => heard.push(target));
  tell("shop/mail");
  capacity.changed("unresolved");
  stop();
  capacity.changed("unresolved");
  expect(heard).toEqual(["service:shop/mail", "unresolved"]);
});

test("capacity: a service is told the sum of what its triggers' lanes hold, when that changes; a URL is not", () => {
  const backlogs: [string, number][] = [];
  const { capacity } = capacityOver({}, [], backlogs);
  capacity.backlog?.("service:shop/mail", "a", 3);
  capacity.backlog?.("service:shop/mail", "b", 4);
  capacity.backlog?.("service:shop/mail", "b", 4);
  capacity.backlog?.("service:shop/other", "b", 0);
  capacity.backlog?.("url:http://example.com/", "c", 9);
  capacity.backlog?.("service:shop/mail", "a", 0);
  capacity.backlog?.("service:shop/mail", "b", 0);
  expect(backlogs).toEqual([
    ["shop/mail", 3],
    ["shop/mail", 7],
    ["shop/mail", 4],
    ["shop/mail", 0],
  ]);
});

test("capacity: a service whose object came later is told what waits already", () => {
  const backlogs: [string, number][] = [];
  const { capacity } = capacityOver({}, [], backlogs);
  capacity.backlog?.("service:shop/mail", "a", 3);
  capacity.changed("service:shop/mail");
  capacity.changed("service:shop/other");
  expect(backlogs).toEqual([
    ["shop/mail", 3],
    ["shop/mail", 3],
  ]);
});
