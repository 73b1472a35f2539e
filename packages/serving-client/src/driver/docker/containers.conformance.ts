import { systemClock } from "@rouse/base";
import Docker from "dockerode";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { Engine } from "../../testing/index.ts";
import { driverConformance } from "../driver.conformance.ts";
import type { RunningInstance } from "../driver.ts";
import { labels } from "./container-body.ts";
import { containerOf, orderOf, Witness } from "./containers.testing.ts";
import { createDockerDriver, type DockerDriver, type DockerDriverOptions } from "./docker-driver.ts";

const missingImage = "localhost/rouse-test/missing:1";
const mebibyte = 2 ** 20;

/** Which engine the driver is tried on. */
export interface ContainerHarness {
  readonly found: boolean;
  start(): Promise<Engine>;
  readonly engine: "docker" | "podman";
  /** What the engine tells of the limits of its log; Podman tells nothing of them in this API. */
  readonly toldLog: object;
}

/** What the driver does on every engine. */
export function containerConformance(name: string, harness: ContainerHarness): void {
  describe.skipIf(!harness.found)(name, () => containerCases(name, harness));
}

function containerCases(name: string, harness: ContainerHarness): void {
  let engine: Engine;
  let driver: DockerDriver;
  let docker: Docker;
  let node = "";
  let busybox = "";

  const driverOf = (fields: Partial<DockerDriverOptions> = {}) =>
    createDockerDriver({
      clock: systemClock,
      random: Math.random,
      installation: "test",
      owner: "test",
      socketPath: engine.socketPath,
      ...fields,
    });

  beforeAll(async () => {
    engine = await harness.start();
    driver = driverOf();
    docker = new Docker({ socketPath: engine.socketPath });
    [node, busybox] = [await engine.image("node"), await engine.image("busybox")];
  });

  afterAll(async () => {
    await driver?.[Symbol.asyncDispose]();
    await engine?.[Symbol.asyncDispose]();
  });

  const launch = async (fields: Parameters<typeof orderOf>[0]) => {
    const witness = new Witness();
    const launched = await driver.launch(orderOf(fields), witness);
    if (launched.kind === "refused") throw new Error(launched.message);
    return { instance: launched.instance, witness };
  };
  const refusal = async (fields: Parameters<typeof orderOf>[0]) => {
    const launched = await driver.launch(orderOf(fields), new Witness());
    if (launched.kind === "running") launched.instance.stop(0);
    return launched;
  };
  const shell = (script: string, fields = {}) => containerOf(busybox, ["/bin/sh", "-c", script], fields);
  const ours = () => docker.listContainers({ all: true, filters: { label: [`${labels.installation}=test`] } });
  const inspect = async ({ handle }: RunningInstance) =>
    await docker.getContainer(handle.split(" ")[1] ?? "").inspect();

  const script = (text: string) => ({
    get program() {
      return containerOf(node, ["/bin/node", "-e", text]).program;
    },
  });
  driverConformance(name, {
    make: () => driver,
    programs: {
      listens: script(
        "require('http').createServer((_, answer) => answer.end()).listen(process.env.PORT, () => console.log('listening')); process.on('SIGTERM', () => process.exit(0))",
      ),
      "prints-environment": script("console.log(JSON.stringify(process.env))"),
      "prints-much": script("for (let n = 1; n <= 5000; n++) console.log(n)"),
      exits: script("console.log('out'); process.stderr.write('err'); process.exitCode = 3"),
      "ignores-sigterm": script("process.on('SIGTERM', () => {}); console.log('ignoring'); setInterval(() => {}, 1e6)"),
    },
    missing: {
      workload: containerOf(missingImage),
      reason: "ImageMissing",
      message:
        /^image localhost\/rouse-test\/missing:1: it is not here, and its pull policy is Never; pull or build it/,
    },
  });

  test("a container sees its own environment and what its service declares, nothing of ours", async () => {
    const { instance, witness } = await launch({ ...shell("env | cut -d= -f1 | sort"), env: { GREETING: "hi" } });
    await instance.gone;
    const allowed = [
      "GREETING",
      "HOME",
      // On this machine's network.
      "HOST",
      "HOSTNAME",
      "K_CONFIGURATION",
      "K_REVISION",
      "K_SERVICE",
      "PATH",
      "PORT",
      "PWD",
      "SHLVL",
      // Podman's.
      "TERM",
      "container",
    ];
    expect(
      witness.lines.map((line) => line.slice("stdout: ".length)).filter((name) => !allowed.includes(name)),
    ).toEqual([]);
  });

  test("a container is removed when it has ended", async () => {
    const { instance, witness } = await launch(shell("exit 0"));
    await instance.gone;
    expect(witness.exits).toEqual([{ code: 0, signal: undefined }]);
    expect(await ours()).toEqual([]);
  });

  test("a program that uses more memory than it may is told to have run out of it", async () => {
    const hog = "const kept = []; for (;;) kept.push(Buffer.alloc(1 << 20, 1))";
    const { instance, witness } = await launch(
      containerOf(node, ["/bin/node", "-e", hog], { memoryBytes: 64 * mebibyte }),
    );
    await instance.gone;
    expect(witness.exits).toEqual([{ code: 137, signal: "SIGKILL", outOfMemory: true }]);
  });

  test("limits, labels and the engine's own safeguards are set", async () => {
    const { instance } = await launch(shell("sleep 60", { cpus: 0.125, memoryBytes: 64 * mebibyte }));
    const { HostConfig, Config, Name } = await inspect(instance);
    instance.stop(0);
    await instance.gone;
    expect(HostConfig).toMatchObject({
      NanoCpus: 125_000_000,
      Memory: 64 * mebibyte,
      MemorySwap: 64 * mebibyte,
      PidsLimit: 4096,
      AutoRemove: false,
      SecurityOpt: ["no-new-privileges"],
      LogConfig: { Type: "json-file", ...harness.toldLog },
    });
    expect(Config.Labels).toMatchObject({
      [labels.managedBy]: "rouse",
      [labels.installation]: "test",
      [labels.owner]: "test",
      [labels.key]: "default/hello",
      [labels.generation]: "1",
      [labels.instance]: "hello-1",
    });
    expect(Name).toMatch(/^\/rouse_default_hello-1_[a-z0-9]+$/);
  });

  test("the limits are those that the container itself sees", async () => {
    const cgroups =
      "cat /sys/fs/cgroup/memory/memory.limit_in_bytes /sys/fs/cgroup/cpu/cpu.cfs_quota_us /sys/fs/cgroup/memory.max /sys/fs/cgroup/cpu.max 2>/dev/null; true";
    const { instance, witness } = await launch(shell(cgroups, { cpus: 0.125, memoryBytes: 64 * mebibyte }));
    await instance.gone;
    expect(witness.lines[0]).toBe(`stdout: ${64 * mebibyte}`);
    expect(witness.lines[1]).toMatch(/^stdout: 12500\b/);
  });

  test("all that a program started is gone when it is stopped", async () => {
    const { instance, witness } = await launch(shell("for n in 1 2 3; do sleep 60 & done; echo forked; wait"));
    await witness.saw("stdout: forked");
    instance.stop(5_000);
    await instance.gone;
    expect(await ours()).toEqual([]);
    expect(witness.exits).toHaveLength(1);
  });

  test("an instance that listens on another port than it was given is found there", async () => {
    const { instance, witness } = await launch(shell("httpd -p 18765 -h /www && echo up && sleep 60"));
    await witness.saw("stdout: up");
    expect(await instance.listeningPorts()).toEqual([18_765]);
    const address = instance.addressOf(18_765);
    expect(await (await fetch(`http://${address?.host}:${address?.port}/`)).text()).toBe("hello from busybox\n");
    instance.stop(0);
    await instance.gone;
    expect(await instance.listeningPorts()).toEqual([]);
  });

  test("an instance that never listens runs until it is stopped, and is found to listen nowhere", async () => {
    const { instance, witness } = await launch(shell("echo up; sleep 60"));
    await witness.saw("stdout: up");
    expect(await instance.listeningPorts()).toEqual([]);
    instance.stop(5_000);
    await instance.gone;
    expect(witness.exits).toHaveLength(1);
  });

  test("a program that fills its log is read to its end, in pieces, and the engine keeps a part", async () => {
    const { instance, witness } = await launch(shell("head -c 30000000 /dev/zero | tr '\\0' x; echo; echo last"));
    await instance.gone;
    expect(witness.lines.at(-1)).toBe("stdout: last");
    expect(Math.max(...witness.lines.map((line) => line.length))).toBeLessThan(9_000);
  });

  test("a command that the image does not have is refused by its name", async () => {
    expect(await refusal(containerOf(busybox, ["/no/such/program"]))).toEqual({
      kind: "refused",
      reason: "CommandNotFound",
      message: `"/no/such/program" was not found in image ${busybox}`,
    });
    await expect.poll(ours).toEqual([]);
  });

  test("an image for another kind of processor is refused before anything is made of it", async () => {
    const foreign = await engine.image("foreign");
    expect(await refusal(containerOf(foreign))).toMatchObject({
      reason: "ImageOfAnotherPlatform",
      message: expect.stringMatching(/is for linux\/\w+, the engine runs linux\/\w+/),
    });
  });

  test("an image that cannot be pulled is refused with the engine's words", async () => {
    const image = "127.0.0.1:9/rouse-test/missing:1";
    const launched = await refusal(containerOf(image, undefined, { pull: "if-not-present" }));
    expect(launched).toMatchObject({ reason: "ImagePullFailed" });
    expect(launched.kind === "refused" && launched.message).toMatch(/^image 127.0.0.1:9.* could not be pulled: .+; /);
  });

  test("what is stopped before it was made is not made", async () => {
    const launched = await driver.launch({ ...orderOf(shell("sleep 60")), signal: AbortSignal.abort() }, new Witness());
    expect(launched).toMatchObject({ kind: "refused", reason: "NotWanted" });
    await expect.poll(ours).toEqual([]);
  });

  test("what an ended process left behind is removed, what a living one runs is not", async () => {
    const { instance } = await launch(shell("sleep 60"));
    const [mine] = await ours();
    const dead = (mine?.Labels[labels.process] ?? "").replace(/\/\d+\/(\d+)$/, "/4194303/$1");
    const left = await docker.createContainer({
      Image: busybox,
      name: "rouse-test-left-behind",
      HostConfig: { NetworkMode: "host" },
      Labels: { ...mine?.Labels, [labels.process]: dead },
    });
    await left.start();
    await using second = driverOf();
    expect(await second.removeOrphans()).toEqual({
      removed: ["rouse-test-left-behind"],
      left: [mine?.Names[0]?.slice(1)],
    });
    expect((await ours()).map(({ Id }) => Id)).toEqual([mine?.Id]);
    instance.stop(0);
    await instance.gone;
  });

  test("what somebody removes by force is told to have ended", async () => {
    const { instance, witness } = await launch(shell("sleep 60"));
    await docker.getContainer((await inspect(instance)).Id).remove({ force: true });
    await instance.gone;
    expect(witness.exits).toHaveLength(1);
  });

  test("without an engine a start is refused, naming what was tried", async () => {
    await using without = driverOf({ socketPath: "/nowhere/docker.sock" });
    expect(await without.launch(orderOf(shell("true")), new Witness())).toEqual({
      kind: "refused",
      reason: "EngineUnavailable",
      message: expect.stringMatching(
        /^no container engine answered; tried \/nowhere\/docker.sock \(does not exist\); start Docker or Podman, .*rouse.dev\/command$/,
      ),
    });
    expect(await without.removeOrphans()).toEqual({ removed: [], left: [] });
  });

  test("the engine says what it is", async () => {
    expect(await driver.engine()).toMatchObject({ kind: "available", name: harness.engine, os: "linux", local: true });
  });
}
