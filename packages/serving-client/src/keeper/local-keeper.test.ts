import { ManualClock } from "@rouse/base";
import { expect, test } from "vitest";
import type { ProcessProgram } from "../driver/driver.ts";
import { FakeDriver } from "../driver/fake-driver.testing.ts";
import type { FolderWatchOptions } from "../workdir/workdir-watch.ts";
import type { KeptProcess } from "./keeper.ts";
import { createKeeper } from "./local-keeper.ts";

function program(...command: string[]): ProcessProgram {
  return { kind: "process", command, workdir: "/w" };
}

function processOf(fields: Partial<KeptProcess> = {}): KeptProcess {
  return { key: "default/feed", program: program("feed"), env: {}, graceMs: 1_000, watch: false, ...fields };
}

function rig() {
  const clock = new ManualClock();
  const driver = new FakeDriver();
  const folders: FolderWatchOptions[] = [];
  const watch = (options: FolderWatchOptions) => {
    folders.push(options);
    return { giveUp: () => true, close: async () => void folders.splice(folders.indexOf(options), 1) };
  };
  const keeper = createKeeper({ driver, clock, random: () => 0.5, watch });
  const told: string[] = [];
  keeper.onChange(({ instance, kind }) => void told.push(`${instance} ${kind}`));
  const status = () => keeper.status("default/feed");
  return { clock, driver, keeper, told, folders, status };
}

test("keeper: starts a process at once, and hands it its environment and no port", async () => {
  const { clock, driver, keeper, told, status } = rig();
  keeper.keep(processOf({ env: { K_SINK: "http://sink" } }));
  await clock.advance(0);
  expect(driver.last.order).toMatchObject({ instance: "feed-1", workload: { env: { K_SINK: "http://sink" } } });
  expect(driver.last.order.workload.serviceName).toBeUndefined();
  expect(status()).toMatchObject({ phase: "running", handle: "fake 20001", restarts: 0, failure: undefined });
  expect(told).toEqual(["feed-1 starting", "feed-1 ready"]);
  await keeper[Symbol.asyncDispose]();
  expect([driver.last.asked, clock.timers, keeper.status("default/feed")]).toEqual([true, 0, undefined]);
});

test("keeper: a process that ends, even with code 0, is started again after 1 s, 2 s, 4 s, at most 5 min", async () => {
  const { clock, driver, keeper, status } = rig();
  keeper.keep(processOf());
  for (const delayMs of [1_000, 2_000, 4_000, 8_000, 16_000, 32_000, 64_000, 128_000, 256_000, 300_000, 300_000]) {
    await clock.advance(0);
    const before = driver.instances.length;
    driver.last.exit({ code: 0 });
    await clock.advance(delayMs - 1);
    expect([driver.instances.length, status()?.phase, status()?.nextStart]).toEqual([
      before,
      "waiting",
      clock.now() + 1,
    ]);
    await clock.advance(1);
    expect(driver.instances.length).toBe(before + 1);
  }
  await keeper[Symbol.asyncDispose]();
});

test("keeper: a process that has run for 10 min begins with the shortest back-off again", async () => {
  const { clock, driver, keeper } = rig();
  keeper.keep(processOf());
  await clock.advance(0);
  for (const delayMs of [1_000, 2_000, 4_000]) {
    driver.last.exit({ code: 1 });
    await clock.advance(delayMs);
  }
  await clock.advance(600_000);
  driver.last.exit({ code: 1 });
  await clock.advance(1_000);
  expect(driver.instances.length).toBe(5);
  await keeper[Symbol.asyncDispose]();
});

test("keeper: why it ended stays in the status until it has run for 10 s", async () => {
  const { clock, driver, keeper, told, status } = rig();
  keeper.keep(processOf());
  await clock.advance(0);
  driver.last.print("stderr", "no such topic");
  driver.last.exit({ code: 3 });
  await clock.advance(0);
  const message = "exited with code 3; stderr:\nno such topic";
  expect(status()).toMatchObject({ phase: "waiting", failure: { reason: "Exited", message } });
  await clock.advance(1_000 + 9_999);
  expect(status()).toMatchObject({ phase: "running", restarts: 1, failure: { message } });
  await clock.advance(1);
  expect(status()?.failure).toBeUndefined();
  expect(told).toEqual(["feed-1 starting", "feed-1 ready", "feed-1 failed", "feed-2 starting", "feed-2 ready"]);
  await keeper[Symbol.asyncDispose]();
});

test("keeper: a process that cannot be started says why, and is tried again", async () => {
  const { clock, driver, keeper, status } = rig();
  driver.refusal = 'command "feed" was not found';
  keeper.keep(processOf());
  await clock.advance(0);
  expect(status()).toMatchObject({ phase: "waiting", failure: { reason: "CommandNotFound", message: driver.refusal } });
  driver.refusal = undefined;
  await clock.advance(1_000);
  expect(status()?.phase).toBe("running");
  await keeper[Symbol.asyncDispose]();
});

test("keeper: another environment replaces the process: the old one ends before the new one starts", async () => {
  const { clock, driver, keeper, told, status } = rig();
  driver.obeys = false;
  keeper.keep(processOf());
  await clock.advance(0);
  keeper.keep(processOf({ env: { A: "1" } }));
  await clock.advance(10);
  expect([driver.instances.length, driver.last.asked, status()?.phase]).toEqual([1, true, "stopping"]);
  keeper.keep(processOf({ env: { A: "2" } }));
  driver.last.exit({ signal: "SIGTERM" });
  await clock.advance(0);
  expect([driver.instances.length, driver.last.order.workload.env]).toEqual([2, { A: "2" }]);
  expect(told).toEqual(["feed-1 starting", "feed-1 ready", "feed-1 stopped", "feed-2 starting", "feed-2 ready"]);
  driver.obeys = true;
  await keeper[Symbol.asyncDispose]();
});

test("keeper: the same process again changes nothing; a new one does not wait for the back-off of the old", async () => {
  const { clock, driver, keeper } = rig();
  keeper.keep(processOf({ env: { A: "1", B: "2" } }));
  await clock.advance(0);
  keeper.keep(processOf({ env: { B: "2", A: "1" }, graceMs: 5 }));
  await clock.advance(0);
  expect([driver.instances.length, driver.last.asked]).toEqual([1, false]);
  driver.last.exit({ code: 1 });
  await clock.advance(10);
  keeper.keep(processOf({ program: program("other") }));
  await clock.advance(0);
  expect(driver.last.order.workload.program).toMatchObject({ command: ["other"] });
  await keeper[Symbol.asyncDispose]();
});

test("keeper: a released process is stopped; kept again it starts when the old one has ended", async () => {
  const { clock, driver, keeper, status } = rig();
  driver.obeys = false;
  keeper.keep(processOf());
  await clock.advance(0);
  keeper.release("default/feed");
  await clock.advance(0);
  keeper.keep(processOf());
  await clock.advance(0);
  expect([driver.instances.length, status()?.phase]).toEqual([1, "stopping"]);
  driver.last.exit();
  await clock.advance(0);
  expect([driver.instances.length, status()?.phase]).toEqual([2, "running"]);
  keeper.release("default/feed");
  driver.last.exit();
  await clock.advance(0);
  expect([status(), clock.timers]).toEqual([undefined, 0]);
});

test("keeper: quiesced, nothing is started any more, and what runs goes on until the end", async () => {
  const { clock, driver, keeper, status } = rig();
  keeper.keep(processOf());
  keeper.keep(processOf({ key: "default/other" }));
  await clock.advance(0);
  driver.instances[1]?.exit({ code: 1 });
  await clock.advance(0);
  keeper.quiesce();
  keeper.keep(processOf({ key: "default/third" }));
  await clock.advance(600_000);
  expect([driver.instances.length, status()?.phase, keeper.status("default/other")?.phase]).toEqual([
    2,
    "running",
    "quiet",
  ]);
  await keeper[Symbol.asyncDispose]();
  expect([driver.instances[0]?.asked, clock.timers]).toEqual([true, 0]);
  expect(() => keeper.keep(processOf())).toThrow("the serving client is closed");
});

test("keeper: changed files restart the process at once, also one that waits; its lines are kept", async () => {
  const { clock, driver, keeper, folders } = rig();
  keeper.keep(processOf({ watch: true }));
  await clock.advance(300);
  driver.last.print("stdout", "one");
  folders[0]?.changed({ paths: ["/w/a.js"], at: clock.monotonic() });
  await clock.advance(0);
  expect(driver.instances.map(({ asked }) => asked)).toEqual([true, false]);
  driver.last.exit({ code: 1 });
  await clock.advance(10);
  folders[0]?.changed({ paths: ["/w/a.js"], at: clock.monotonic() });
  await clock.advance(0);
  expect(driver.instances.length).toBe(3);
  expect(keeper.lines("default/feed").map(({ instance, text }) => [instance, text])).toEqual([["feed-1", "one"]]);
  await keeper[Symbol.asyncDispose]();
  expect([folders.length, clock.timers]).toEqual([0, 0]);
});

test("keeper: a process without a command is refused", () => {
  expect(() => rig().keeper.keep(processOf({ program: program() }))).toThrow("default/feed has no command to run");
});
