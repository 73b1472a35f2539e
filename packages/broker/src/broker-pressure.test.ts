import { expect, test } from "vitest";
import { accept, event, type Rig, route, startRig, type TestDeliver } from "./broker-rig.testing.ts";
import { createMemoryEngine } from "./log/memory-engine.ts";

test("broker: refuses events while the log is more than 80 % full of un-routed ones, and takes them again after", async () => {
  await using rig = await startRig({ loaded: false, change: { settings: { logMaxBytes: 20_000 } } });
  for (let n = 1; n <= 8; n++) await rig.broker.append(event(String(n), "t", "x".repeat(2_000)));
  await rig.clock.advance(1_500);
  await expect(rig.broker.append(event("9"))).rejects.toMatchObject({
    code: "BROKER_LOG_PRESSURE",
    retryAfterMs: expect.any(Number),
  });
  expect((await rig.broker.numbers()).pressure).toBeGreaterThan(0.8);
  rig.configuration.set({ loaded: true });
  await rig.clock.advance(2_500);
  await rig.broker.append(event("9"));
  await rig.settle();
  expect(rig.trace).toHaveLength(9);
});

test("broker: without a limit there is no pressure", async () => {
  await using rig = await startRig({ loaded: false });
  for (let n = 1; n <= 100; n++) await rig.broker.append(event(String(n)));
  await rig.clock.advance(5_000);
  expect((await rig.broker.numbers()).pressure).toBe(0);
});

test("broker: an idle broker sets no timer of its own but the sweep's", async () => {
  await using rig = await startRig();
  await rig.clock.advance(120_000);
  expect(rig.clock.timers).toBe(1);
});

test("broker: a reply that was stored before the process died is not stored again", async () => {
  const engine = createMemoryEngine();
  const replying =
    (rig: () => Rig): TestDeliver =>
    async ({ sequence, hops, route: { uid, name } }) => {
      await rig().broker.appendReply(event(`reply-${Math.random()}`, "answer"), {
        sequence,
        triggerUid: uid,
        triggerName: name,
        hops,
      });
      return { kind: "done" };
    };
  const first: Rig = await startRig({
    routes: [route("a", { types: ["ask"] })],
    change: { faults: (point) => point === "reply-stored" && first.kill() },
  });
  first.deliver = replying(() => first);
  await first.broker.append(event("1", "ask"));
  await first.settle();
  expect(first.trace).toEqual(["1:a:1"]);
  const next = await first.another();
  next.deliver = replying(() => next);
  await next.clock.advance(61_000);
  expect(next.trace).toEqual(["1:a:1"]);
  expect(await next.broker.numbers()).toMatchObject({ lastSequence: 2, unrouted: 0 });
  await next[Symbol.asyncDispose]();
  await engine[Symbol.asyncDispose]();
});

test("broker: attempts that take minutes are made once, direct or from the lane", async () => {
  await using rig = await startRig({ routes: [route("a"), route("b", { maxInFlight: 1 })] });
  const finish: (() => void)[] = [];
  rig.deliver = () => new Promise((resolve) => finish.push(() => resolve({ kind: "done" })));
  await rig.broker.append(event("1"));
  await rig.broker.append(event("2"));
  await rig.clock.advance(400_000);
  const made = rig.trace.length;
  for (let n = 0; n < 5; n++) {
    for (const release of finish.splice(0)) release();
    await rig.clock.advance(10);
  }
  expect(made).toBeLessThanOrEqual(4);
  expect(rig.trace.sort()).toEqual(["1:a:1", "1:b:1", "2:a:1", "2:b:1"]);
  rig.deliver = accept;
});
