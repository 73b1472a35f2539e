import { type AddressInfo, createServer, type Socket } from "node:net";
import { ManualClock } from "@rouse/base";
import { expect, test } from "vitest";
import type { Address } from "../driver/driver.ts";
import { awaitListening, networkProbe, type Probe, type Proof } from "./readiness.ts";

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

/** A server that treats connections as it is told; gives where it listens. */
async function serve(onConnection: (socket: Socket) => void) {
  const sockets = new Set<Socket>();
  const server = createServer((socket) => {
    sockets.add(socket.on("error", () => {}));
    onConnection(socket);
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;
  return {
    address: { host: "127.0.0.1", port },
    async [Symbol.asyncDispose]() {
      for (const socket of sockets) socket.destroy();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

function prove(address: Address, proof: Proof): Promise<boolean> {
  return new Promise((resolve) => networkProbe(address, resolve, proof));
}

const answer = (path?: string): Proof => ({ kind: "answer", path, patienceMs: 100 });

test("readiness: a connection that is accepted and closed, or never answered, proves a connection but no answer", async () => {
  await using closing = await serve((socket) => socket.destroy());
  await using silent = await serve(() => {});
  for (const { address } of [closing, silent]) {
    expect(await prove(address, { kind: "connection" })).toBe(true);
    expect(await prove(address, answer())).toBe(false);
  }
});

test("readiness: any HTTP answer is one, also in pieces, and what is not HTTP is none", async () => {
  await using broken = await serve((socket) => {
    socket.write("HTTP/1.");
    setImmediate(() => socket.write("1 500 Oops\r\n"));
  });
  await using other = await serve((socket) => socket.write("+PONG and so on\r\n"));
  expect(await prove(broken.address, answer())).toBe(true);
  expect(await prove(other.address, answer())).toBe(false);
});

test("readiness: with a path only an answer below 400 to a request of that path is one", async () => {
  const paths: string[] = [];
  await using server = await serve((socket) => {
    socket.once("data", (chunk) => {
      const path = String(chunk).split(" ")[1] ?? "";
      paths.push(path);
      socket.write(`HTTP/1.1 ${path === "/ready" ? 204 : 404} X\r\n\r\n`);
    });
  });
  expect(await prove(server.address, answer("/ready"))).toBe(true);
  expect(await prove(server.address, answer("/other"))).toBe(false);
  expect(paths).toEqual(["/ready", "/other"]);
});

test("readiness: answers are waited for longer the longer it takes, one attempt at a time", async () => {
  const clock = new ManualClock();
  const patience: number[] = [];
  let open = 0;
  const probe: Probe = (_, settled, proof) => {
    expect(++open).toBe(1);
    if (proof.kind !== "answer") throw new Error("an answer is wanted");
    patience.push(proof.patienceMs);
    clock.setTimer(proof.patienceMs, () => {
      open--;
      settled(false);
    });
    return () => {};
  };
  const proof = { kind: "answer", path: undefined } as const;
  const stop = awaitListening({
    addresses: addresses.slice(0, 1),
    clock,
    timeoutMs: 60_000,
    probe,
    proof,
    settled: () => {},
  });
  await clock.advance(40_000);
  expect(patience[0]).toBe(500);
  expect(patience.at(-1)).toBe(10_000);
  stop();
});
