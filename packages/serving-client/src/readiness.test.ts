import { ManualClock } from "@rouse/base";
import { expect, test } from "vitest";
import type { Address } from "./driver/driver.ts";
import { awaitListening, type Probe } from "./readiness.ts";

const addresses: Address[] = [
  { host: "127.0.0.1", port: 1 },
  { host: "::1", port: 1 },
];

function probing(accepts: (address: Address) => boolean) {
  const tried: string[] = [];
  const probe: Probe = (address, settled) => {
    let given = false;
    tried.push(address.host);
    queueMicrotask(() => given || settled(accepts(address)));
    return () => {
      given = true;
    };
  };
  return { tried, probe };
}

test("readiness: looks every millisecond at first, every 5 ms after 200 ms, every 50 ms after 2 s", async () => {
  const clock = new ManualClock();
  const { tried, probe } = probing(() => false);
  const stop = awaitListening({ addresses: addresses.slice(0, 1), clock, timeoutMs: 60_000, probe, settled: () => {} });
  await clock.advance(200);
  expect(tried.length).toBe(200);
  await clock.advance(1_800);
  expect(tried.length - 200).toBe(360);
  await clock.advance(1_000);
  expect(tried.length - 560).toBe(20);
  stop();
  expect(clock.timers).toBe(0);
});

test("readiness: tries the other address family after 200 ms and tells which one accepted", async () => {
  const clock = new ManualClock();
  const { tried, probe } = probing((address) => address.host === "::1");
  const settled: (Address | undefined)[] = [];
  awaitListening({ addresses, clock, timeoutMs: 60_000, probe, settled: (address) => settled.push(address) });
  await clock.advance(199);
  expect(new Set(tried)).toEqual(new Set(["127.0.0.1"]));
  await clock.advance(1);
  expect(settled).toEqual([addresses[1]]);
  expect(clock.timers).toBe(0);
});

test("readiness: tells once that the time is up", async () => {
  const clock = new ManualClock();
  const { probe } = probing(() => false);
  const settled: (Address | undefined)[] = [];
  awaitListening({ addresses, clock, timeoutMs: 300, probe, settled: (address) => settled.push(address) });
  await clock.advance(1_000);
  expect(settled).toEqual([undefined]);
  expect(clock.timers).toBe(0);
});
