import { ManualClock } from "@rouse/base";
import { expect, test } from "vitest";
import { type Discovered, type DiscoveryOptions, discoverPort } from "./port-discovery.ts";
import type { Probe } from "./readiness.ts";

const loopback = (port: number) => ({ host: "127.0.0.1", port });

/** An instance with PORT 20001, of which a test says where it listens and which of these ports answer. */
function setUp(fields: Partial<DiscoveryOptions> = {}) {
  const clock = new ManualClock();
  const ports: number[] = [];
  const answering = new Set<number>();
  const refusing = new Set<number>();
  const looks: number[] = [];
  const hits: Discovered[] = [];
  const probe: Probe = (address, settled, proof) => {
    let given = false;
    const proven = proof.kind === "answer" ? answering.has(address.port) : !refusing.has(address.port);
    queueMicrotask(() => given || settled(proven));
    return () => {
      given = true;
    };
  };
  const stop = discoverPort({
    running: {
      port: 20_001,
      addresses: [loopback(20_001)],
      listeningPorts: async () => {
        looks.push(clock.monotonic());
        return [...ports].sort((a, b) => a - b);
      },
      addressOf: loopback,
    },
    clock,
    probe,
    path: undefined,
    learned: undefined,
    taken: () => new Set(),
    found: (hit) => hits.push(hit),
    ...fields,
  });
  return { clock, ports, answering, refusing, looks, hits, stop };
}

test("port discovery: looks after 100 ms, then every 50 ms, after a second every 250 ms, and leaves nothing when stopped", async () => {
  const { clock, looks, stop } = setUp();
  await clock.advance(1_600);
  expect(looks.slice(0, 3)).toEqual([100, 150, 200]);
  expect(looks.slice(-3)).toEqual([1_000, 1_250, 1_500]);
  stop();
  expect(clock.timers).toBe(0);
});

test("port discovery: does not look earlier on a clock that goes on while it is read", async () => {
  const manual = new ManualClock();
  let reads = 0;
  const clock = {
    now: () => manual.now(),
    monotonic: () => manual.monotonic() + ++reads / 1_000,
    setTimer: (delayMs: number, fire: () => void) => manual.setTimer(delayMs, fire),
  };
  const { looks, stop } = setUp({ clock });
  await manual.advance(99);
  const early = reads;
  await manual.advance(1);
  expect(reads).toBeGreaterThan(early);
  expect(looks).toHaveLength(1);
  stop();
});

test("port discovery: of several ports the lowest that answers is taken, and the others are named", async () => {
  const { clock, ports, answering, hits } = setUp();
  ports.push(3000, 8080, 9090);
  answering.add(8080).add(9090);
  await clock.advance(100);
  expect(hits).toEqual([{ port: 8080, address: loopback(8080), others: [3000, 9090] }]);
  expect(clock.timers).toBe(0);
});

test("port discovery: a port without an answer is taken when it has listened for a second and can be reached", async () => {
  const { clock, ports, refusing, hits } = setUp();
  ports.push(80, 3000);
  refusing.add(80);
  await clock.advance(1_099);
  expect(hits).toEqual([]);
  await clock.advance(251);
  expect(hits).toMatchObject([{ port: 3000 }]);
});

test("port discovery: with a path for readiness only an answer counts", async () => {
  const { clock, ports, hits, stop } = setUp({ path: "/healthz" });
  ports.push(3000);
  await clock.advance(10_000);
  expect(hits).toEqual([]);
  stop();
});

test("port discovery: a debugger's port, ports of other instances and PORT itself are not taken", async () => {
  const { clock, ports, answering, hits, stop } = setUp({ taken: () => new Set([3000]) });
  ports.push(3000, 9229);
  answering.add(3000).add(9229).add(8080).add(20_001);
  await clock.advance(2_000);
  ports.push(8080, 20_001);
  await clock.advance(2_000);
  expect(hits).toEqual([]);
  stop();
});

test("port discovery: PORT is taken where it is listened on at another address than was expected", async () => {
  const elsewhere = { host: "192.0.2.7", port: 20_001 };
  const { clock, hits } = setUp({
    running: {
      port: 20_001,
      addresses: [loopback(20_001)],
      listeningPorts: async () => [3000, 20_001],
      addressOf: (port) => (port === 20_001 ? elsewhere : loopback(port)),
    },
  });
  await clock.advance(2_000);
  expect(hits).toMatchObject([{ address: elsewhere }]);
});

test("port discovery: where an earlier instance was found is looked at once, and taken at sight", async () => {
  const { clock, ports, hits } = setUp({ learned: 3000 });
  await clock.advance(30);
  ports.push(80, 3000);
  await clock.advance(10);
  expect(hits).toEqual([{ port: 3000, address: loopback(3000), others: [80] }]);
});

test("port discovery: looking takes no more than a tenth of the time", async () => {
  const clock = new ManualClock();
  const looks: number[] = [];
  const stop = discoverPort({
    running: {
      port: 20_001,
      addresses: [],
      listeningPorts: () => {
        looks.push(clock.monotonic());
        return new Promise((resolve) => clock.setTimer(40, () => resolve([])));
      },
      addressOf: loopback,
    },
    clock,
    probe: () => () => {},
    path: undefined,
    learned: undefined,
    taken: () => new Set(),
    found: () => {},
  });
  await clock.advance(1_000);
  expect(looks).toEqual([100, 500, 900]);
  stop();
});
