import { ManualClock } from "@rouse/base";
import { expect, test } from "vitest";
import { BrokerFault } from "../broker-fault.ts";
import { AppendGate } from "./append-gate.ts";

/** A gate before a log of which the test says how far the router has come. */
function gateOf() {
  const clock = new ManualClock();
  const log = { stored: 0, routed: 0 };
  const gate = new AppendGate({ clock, lag: () => log.stored - log.routed });
  const store = async () => ++log.stored;
  const route = (events: number) => {
    log.routed += events;
    gate.routed(events);
  };
  return { clock, gate, log, route, store };
}

function blocked() {
  const releases: (() => void)[] = [];
  const write = () => new Promise<void>((resolve) => releases.push(resolve));
  return { releases, write };
}

test("append gate: runs at most 512 writes at once and the others in order", async () => {
  const gate = gateOf().gate;
  const { releases, write } = blocked();
  const all = Array.from({ length: 600 }, () => gate.run(10, write));
  expect(releases.length).toBe(512);
  while (releases.length > 0) {
    releases.shift()?.();
    await new Promise((resolve) => setImmediate(resolve));
  }
  await Promise.all(all);
  const after = blocked();
  const again = Array.from({ length: 512 }, () => gate.run(10, after.write));
  expect(after.releases.length).toBe(512);
  for (const release of after.releases) release();
  await Promise.all(again);
});

test("append gate: refuses with BROKER_BUSY when too many or too large ones wait", async () => {
  const gate = gateOf().gate;
  const { releases, write } = blocked();
  const running = Array.from({ length: 512 }, () => gate.run(1, write));
  const waiting = gate.run(16 * 1024 * 1024, write);
  const refused = await gate.run(1, write).catch((fault) => fault);
  expect(refused).toBeInstanceOf(BrokerFault);
  expect(refused).toMatchObject({ code: "BROKER_BUSY", retryAfterMs: 1_000 });
  for (const release of releases) release();
  await Promise.all(running);
  releases.at(-1)?.();
  await waiting;
});

test("append gate: a write that fails gives its place back", async () => {
  const gate = gateOf().gate;
  for (let n = 0; n < 600; n++) await gate.run(1, () => Promise.reject(new Error("no"))).catch(() => undefined);
  expect(await gate.run(1, async () => "stored")).toBe("stored");
});

test("append gate: needs no credits while at most 1,024 events wait for the router", async () => {
  const { clock, gate, log, route, store } = gateOf();
  for (let n = 0; n < 20_000; n++) {
    await gate.run(1, store);
    if (log.stored - log.routed >= 1_000) route(1_000);
  }
  expect([log.stored, clock.timers]).toEqual([20_000, 0]);
});

test("append gate: writes what the router's progress allows, in the order in which it came", async () => {
  const { clock, gate, log, route, store } = gateOf();
  const order: number[] = [];
  let given = 0;
  const more = () => {
    const n = given++;
    void gate.run(1, store).then(() => order.push(n));
  };
  for (let n = 0; n < 4_000; n++) more();
  await clock.advance(0);
  expect(log.stored).toBe(1_024 + 2_048);
  for (let turn = 0; turn < 300; turn++) {
    for (let n = 0; n < 64; n++) more();
    route(16);
    await clock.advance(2);
    expect(log.stored).toBeLessThanOrEqual(4 * log.routed + 2_048 + 1_024);
  }
  expect(log.stored).toBe(4 * log.routed + 2_048 + 1_024);
  expect(order).toEqual(Array.from({ length: log.stored }, (_, n) => n));
  route(log.stored);
  await clock.advance(1_000);
  expect([log.stored, order.length, clock.timers]).toEqual([given, given, 0]);
});

test("append gate: with a router that stands still, a write without a credit goes on after a second", async () => {
  const { clock, gate, log, store } = gateOf();
  for (let n = 0; n < 3_072; n++) await gate.run(1, store);
  const late = [gate.run(1, store), gate.run(1, store)];
  await clock.advance(500);
  late.push(gate.run(1, store));
  await clock.advance(499);
  expect(log.stored).toBe(3_072);
  await clock.advance(1);
  expect(log.stored).toBe(3_074);
  await clock.advance(500);
  expect(log.stored).toBe(3_075);
  await Promise.all(late);
  expect(clock.timers).toBe(0);
});

test("append gate: what belongs to something that came in a second ago does not wait again", async () => {
  const { clock, gate, log, store } = gateOf();
  for (let n = 0; n < 3_072; n++) await gate.run(1, store);
  const since = clock.monotonic();
  await clock.advance(1_000);
  await gate.run(1, store, since);
  expect([log.stored, gate.behind]).toEqual([3_073, true]);
});
