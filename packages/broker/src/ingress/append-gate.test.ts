import { expect, test } from "vitest";
import { BrokerFault } from "../broker-fault.ts";
import { AppendGate } from "./append-gate.ts";

function blocked() {
  const releases: (() => void)[] = [];
  const write = () => new Promise<void>((resolve) => releases.push(resolve));
  return { releases, write };
}

test("append gate: runs at most 512 writes at once and the others in order", async () => {
  const gate = new AppendGate();
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
  const gate = new AppendGate();
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
  const gate = new AppendGate();
  for (let n = 0; n < 600; n++) await gate.run(1, () => Promise.reject(new Error("no"))).catch(() => undefined);
  expect(await gate.run(1, async () => "stored")).toBe("stored");
});
