import { get } from "node:http";
import { connect } from "node:net";
import { systemClock } from "@rouse/base";
import { expect, test } from "vitest";
import { workloadOf } from "../workload.testing.ts";
import type { Workload } from "../workload.ts";
import type { Driver, InstanceExit, RunningInstance } from "./driver.ts";

/** What the suite lets an instance do; a driver's test says how that is written for it. */
export type Program =
  /** Prints `listening` once it answers HTTP requests on PORT, any with 200. */
  | "listens"
  /** Prints the numbers from 1 to 5000, a line each, then exits with code 0. */
  | "prints-much"
  /** Prints its environment as one line of JSON, then exits with code 0. */
  | "prints-environment"
  /** Prints `out` and, without a newline, `err` to stderr, then exits with code 3. */
  | "exits"
  /** Ignores SIGTERM, prints `ignoring` once it does. */
  | "ignores-sigterm";

/** How a driver is tried. */
export interface DriverHarness {
  make(): Driver;
  programs: Readonly<Record<Program, Pick<Workload, "program">>>;
  /** What a start of a program that does not exist is refused with. */
  missing: { readonly workload: Partial<Workload>; readonly reason: string; readonly message: RegExp };
}

/** Long enough for an answer of an instance that runs. */
const silentMs = 300;

/** A launched instance and what was seen of it. */
class Observed {
  readonly lines: string[] = [];
  readonly exits: InstanceExit[] = [];
  private readonly waiting = new Set<() => void>();

  line(stream: string, text: string): void {
    this.lines.push(`${stream}: ${text}`);
    for (const check of this.waiting) check();
  }

  exited(exit: InstanceExit): void {
    this.exits.push(exit);
  }

  saw(line: string): Promise<void> {
    return new Promise((resolve) => {
      const check = () => {
        if (this.lines.includes(line)) resolve();
      };
      this.waiting.add(check);
      check();
    });
  }
}

/** What every driver does, tried on real instances. */
export function driverConformance(name: string, harness: DriverHarness): void {
  const launch = async (fields: Partial<Workload>): Promise<{ instance: RunningInstance; observed: Observed }> => {
    const observed = new Observed();
    const launched = await harness
      .make()
      .launch({ instance: "hello-1", key: "default/hello", generation: 1, workload: workloadOf(fields) }, observed);
    if (launched.kind !== "running") throw new Error(launched.message);
    return { instance: launched.instance, observed };
  };

  test(`${name}: an instance can be reached where its driver says, and ends when it is asked to`, async () => {
    const { instance, observed } = await launch(harness.programs.listens);
    await observed.saw("stdout: listening");
    expect(await accepts(instance)).toBe(true);
    instance.stop(5_000);
    instance.stop(5_000);
    await instance.gone;
    expect(observed.exits).toHaveLength(1);
    expect(await accepts(instance)).toBe(false);
  });

  test(`${name}: an instance sees what its service declares and Knative's names, and nothing else of ours`, async () => {
    process.env.ROUSE_TEST_SECRET = "hidden";
    const { instance, observed } = await launch({ ...harness.programs["prints-environment"], env: { GREETING: "hi" } });
    delete process.env.ROUSE_TEST_SECRET;
    await instance.gone;
    const seen = JSON.parse(observed.lines[0]?.slice("stdout: ".length) ?? "{}");
    expect(seen).toMatchObject({
      GREETING: "hi",
      PORT: String(instance.port),
      K_SERVICE: "hello",
      K_REVISION: "hello-00001",
      K_CONFIGURATION: "hello",
    });
    expect(Object.keys(seen)).not.toContain("ROUSE_TEST_SECRET");
  });

  test(`${name}: the output of an instance that exits is told completely, then its exit with the code`, async () => {
    const { instance, observed } = await launch(harness.programs.exits);
    await instance.gone;
    expect([...observed.lines].sort()).toEqual(["stderr: err", "stdout: out"]);
    expect(observed.exits).toEqual([{ code: 3, signal: undefined }]);
    instance.stop(1);
  });

  test(`${name}: much output of an instance that exits at once is told completely and in order`, async () => {
    const { instance, observed } = await launch(harness.programs["prints-much"]);
    await instance.gone;
    expect(observed.lines).toEqual(Array.from({ length: 5_000 }, (_, n) => `stdout: ${n + 1}`));
    expect(observed.exits).toMatchObject([{ code: 0 }]);
  });

  test(`${name}: the time of a start is told on the clock that the driver was given`, async () => {
    const before = systemClock.monotonic();
    const { instance } = await launch(harness.programs.exits);
    expect(instance.startedAt).toBeGreaterThan(before);
    expect(instance.startedAt).toBeLessThanOrEqual(systemClock.monotonic());
    await instance.gone;
  });

  test(`${name}: a frozen instance answers nothing, and goes on when it is thawed`, async () => {
    const { instance, observed } = await launch(harness.programs.listens);
    await observed.saw("stdout: listening");
    expect(await answers(instance)).toBe(200);
    expect(await instance.freeze()).toBe(true);
    const asked = answers(instance);
    const silence = new Promise((resolve) => setTimeout(resolve, silentMs, "silence"));
    expect(await Promise.race([asked, silence])).toBe("silence");
    expect(await instance.thaw()).toBe(true);
    expect(await asked).toBe(200);
    instance.stop(5_000);
    await instance.gone;
  });

  test(`${name}: a frozen instance ends when it is asked to, and can then be neither frozen nor thawed`, async () => {
    const { instance, observed } = await launch(harness.programs.listens);
    await observed.saw("stdout: listening");
    expect(await instance.freeze()).toBe(true);
    instance.stop(10_000);
    await instance.gone;
    expect(observed.exits).toHaveLength(1);
    expect([await instance.freeze(), await instance.thaw()]).toEqual([false, false]);
  });

  test(`${name}: an instance that does not end within the grace is killed`, async () => {
    const { instance, observed } = await launch(harness.programs["ignores-sigterm"]);
    await observed.saw("stdout: ignoring");
    instance.stop(50);
    await instance.gone;
    expect(observed.exits).toHaveLength(1);
  });

  test(`${name}: a program that does not exist is refused with a sentence`, async () => {
    const order = {
      instance: "hello-1",
      key: "default/hello",
      generation: 1,
      workload: workloadOf(harness.missing.workload),
    };
    const launched = await harness.make().launch(order, new Observed());
    expect(launched).toMatchObject({ kind: "refused", reason: harness.missing.reason });
    expect(launched.kind === "refused" && launched.message).toMatch(harness.missing.message);
  });
}

/** Status of an answer; undefined when the connection fails. */
function answers(instance: RunningInstance): Promise<number | undefined> {
  const [address] = instance.addresses;
  return new Promise((resolve) => {
    const asking = get({ host: address?.host, port: address?.port, agent: false }, (response) => {
      response.resume();
      resolve(response.statusCode);
    });
    asking.once("error", () => resolve(undefined));
  });
}

function accepts(instance: RunningInstance): Promise<boolean> {
  const [address] = instance.addresses;
  return new Promise((resolve) => {
    const socket = connect({ host: address?.host ?? "", port: address?.port ?? 0 });
    socket.once("connect", () => resolve(true));
    socket.once("error", () => resolve(false));
    socket.once("connect", () => socket.destroy());
  });
}
