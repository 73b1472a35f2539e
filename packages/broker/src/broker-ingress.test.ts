import { expect, test } from "vitest";
import { event, startRig } from "./broker-rig.testing.ts";

const batchOf = (name: string, count: number) => Array.from({ length: count }, (_, n) => event(`${name}-${n}`));

test("broker: a batch that finds the router standing still is stored whole, in order, after about a second", async () => {
  await using rig = await startRig({ loaded: false });
  const first = await Promise.all(["a", "b", "c"].map((name) => rig.broker.appendAll(batchOf(name, 1_024))));
  expect(first.map((answer) => [answer.stored.length, answer.failure])).toEqual([
    [1_024, undefined],
    [1_024, undefined],
    [1_024, undefined],
  ]);
  let stored: readonly number[] | undefined;
  const late = rig.broker.appendAll(batchOf("d", 300)).then((answer) => {
    stored = answer.stored.map((one) => one.sequence);
  });
  await rig.clock.advance(900);
  expect(stored).toBeUndefined();
  await rig.clock.advance(200);
  await late;
  expect(stored).toEqual(Array.from({ length: 300 }, (_, n) => 3_073 + n));
});

test("broker: batches that come in faster than they are routed are delivered whole, and none waits once the router is near", async () => {
  await using rig = await startRig();
  const answers = Promise.all(
    Array.from({ length: 40 }, (_, n) => rig.broker.appendAll(batchOf(String(n), 100)).then(({ stored }) => stored)),
  );
  for (let n = 0; n < 400 && rig.trace.length < 4_000; n++) await rig.clock.advance(10);
  expect((await answers).flat()).toHaveLength(4_000);
  expect(new Set(rig.trace).size).toBe(4_000);
  expect(await rig.broker.numbers()).toMatchObject({ lastSequence: 4_000, unrouted: 0, dead: 0 });
});
