import { engineApi } from "@rouse/serving-client/testing";
import { afterAll, beforeAll, expect, test } from "vitest";
import { type Condition, type Manifest, ofType, refTo, trigger } from "../harness/api.ts";
import { awaitCondition, awaitValue } from "../harness/await-condition.ts";
import { containersOf, withEngine } from "../harness/containers.ts";
import { postEvent } from "../harness/post-event.ts";
import { processesWith } from "../harness/processes.ts";
import { rouseCommand } from "../harness/rouse-command.ts";
import { freePort } from "../harness/server-process.ts";
import { awaitInstances, type ServingRig, startServingRig } from "../harness/serving-rig.ts";
import { containerService, type WorkerOptions } from "../harness/worker.ts";

/** A start is tried again after one second, two, four; and the machine is busy. */
const deliveredMs = 25_000;
/** Each start has another PORT, and a description is indented. */
const plain = (text: string) => text.replace(/PORT \d+/g, "PORT").replace(/\s+/g, " ");
const node = (script: string) => ["/bin/node", "-e", script];

await withEngine("containers that do not do as they should", (binary) => {
  let rig: ServingRig;
  let elsewhere: number;
  const mark = `mark-${process.pid}-${Date.now()}`;

  /** Of a Service: a worker, but for what is given. Its events are of a type of its name, and go to a path of its name. */
  const manifest = (name: string, options: WorkerOptions = {}, image = rig.image): Manifest => {
    const env = { SINK: rig.subscriber.url(`/${name}`), ...options.env };
    const annotations = { "rouse.dev/idle-timeout": "PT1S", ...options.annotations };
    return containerService(name, image, { ...options, env, annotations });
  };
  const command = (script: string, fields = {}) => ({ container: { command: node(script), ...fields } });
  const late = () => rig.image.replace("/node:", "/late:");

  /** Applies a Service with a trigger, and posts its event. */
  const wake = async (service: Manifest) => {
    const { name } = service.metadata;
    await rig.api.apply(service, trigger(name, refTo("Service", name), { ...ofType(name), delivery: { retry: 0 } }));
    await postEvent(rig.server.broker(), { id: name, source: "/test", type: name });
  };

  /** All at once: one after the other they would take minutes. */
  beforeAll(async () => {
    rig = await startServingRig(binary);
    const { engine } = rig;
    elsewhere = await freePort();
    const pulled = { container: { imagePullPolicy: "IfNotPresent" } };
    const small = { resources: { limits: { memory: "64Mi" } } };
    const hog = "const kept = []; for (;;) kept.push(Buffer.alloc(1 << 20, 1))";
    const foreign = await engine.image("foreign");
    const manifests = [
      manifest("missing", {}, late()),
      manifest("absent", pulled, "127.0.0.1:9/rouse-test/absent:1"),
      manifest("foreign", { container: { command: ["/bin/foreign"] } }, foreign),
      manifest("lost", { container: { command: ["/no/such/program"] } }),
      manifest("ends", command("console.error('nothing to do')")),
      manifest("killed", command("process.exit(137)")),
      manifest("hungry", command(hog, small)),
      manifest("silent", {
        ...command("setInterval(() => {}, 1e6)"),
        annotations: { "rouse.dev/start-timeout": "PT1S" },
      }),
      manifest("late", { env: { LISTEN_AFTER: "3000" } }),
      manifest("elsewhere", { env: { PORTS: String(elsewhere) } }),
      manifest("twice", { env: { PORTS: `PORT,${await freePort()}` } }),
      manifest("stubborn", { env: { STUBBORN: "yes" } }),
      // What is still on its way when it ends is waited for only shortly.
      manifest("chatty", { env: { CHATTER: "20000" }, annotations: { "rouse.dev/idle-timeout": "PT30S" } }),
      manifest("forks", { env: { FORKS: "3", MARK: mark } }),
    ];
    await Promise.all(manifests.map(wake));
  });
  afterAll(async () => rig?.[Symbol.asyncDispose]());

  /** What is wrong, as the Service says it; the same is told of its trigger, and by `rouse`. */
  async function complaint(name: string, reason: string): Promise<string> {
    const { api, server } = rig;
    let last: readonly (Condition | undefined)[] = [];
    const told = async () => {
      last = [await api.condition("Service", name), await api.condition("Trigger", name, "SubscriberReady")];
      return last.every((each) => each?.status === "False" && each.reason === reason);
    };
    await awaitCondition(`Service and Trigger ${name} to say ${reason}`, told, {
      withinMs: deliveredMs,
      everyMs: 100,
      evidence: async () => [last, await api.attempts(name), await api.workload(name)],
    });
    const described = plain(await rouseCommand(server, "describe", "service", name));
    const message = last[0]?.message ?? "";
    expect(described).toContain(reason);
    expect(described).toContain(plain(message.split("\n")[0] ?? ""));
    await awaitHeld(name);
    return message;
  }

  /** The event of the Service waits, and no attempt was counted. */
  async function awaitHeld(name: string): Promise<void> {
    const attempts = await awaitValue(`the event of ${name} to be held`, async () => {
      const found = await rig.api.attempts(name);
      return found.length > 0 ? found : undefined;
    });
    expect(attempts.filter(({ attempt, verdict }) => attempt !== 1 || verdict !== "hold")).toEqual([]);
    expect(rig.subscriber.received(`/${name}`)).toEqual([]);
  }

  /** The event arrives, once, at its first attempt. */
  async function arrives(name: string): Promise<void> {
    const { api, subscriber } = rig;
    await awaitCondition(`the event of ${name}`, () => subscriber.received(`/${name}`).length > 0, {
      withinMs: deliveredMs,
      everyMs: 100,
      evidence: async () => [await api.condition("Service", name), await api.attempts(name), await api.workload(name)],
    });
    const done = await awaitValue(`the attempt for ${name}`, async () =>
      (await api.attempts(name)).find(({ verdict }) => verdict !== "hold"),
    );
    expect(done).toMatchObject({ attempt: 1, verdict: "done" });
    expect(subscriber.received(`/${name}`)).toHaveLength(1);
    const ready = async () => (await api.condition("Service", name))?.status === "True";
    await awaitCondition(`Service ${name} to be ready`, ready, { evidence: () => api.condition("Service", name) });
  }

  test("what fails is told with what mends it, and the events that were held arrive when it is mended", async () => {
    const { api, engine, image } = rig;
    const message = await complaint("ends", "ExitedBeforeReady");
    expect(message).toMatch(/exited with code 0 before anything listened on PORT \d+; a service must keep running/);
    expect(message).toContain("nothing to do");
    await api.apply(manifest("ends"));

    expect(await complaint("missing", "ImageMissing")).toContain(`image ${late()}: it is not here`);
    const [repository, tag] = late().split(/:(?=[^:]+$)/);
    await engineApi(engine.socketPath).ask("POST", `/images/${image}/tag?repo=${repository}&tag=${tag}`);
    await Promise.all([arrives("ends"), arrives("missing")]);
    await api.delete("Service", "missing");
    await engineApi(engine.socketPath).ask("DELETE", `/images/${late()}`);
  });

  test("an image that cannot be pulled is told in the engine's words, with a way out", async () => {
    const message = await complaint("absent", "ImagePullFailed");
    expect(message).toMatch(/^image 127\.0\.0\.1:9\/rouse-test\/absent:1 could not be pulled: .*refused; .*pull pol/s);
  });

  test("an image for another kind of processor is told with both", async () => {
    expect(await complaint("foreign", "ImageOfAnotherPlatform")).toMatch(
      /is for linux\/\w+, the engine runs linux\/\w+/,
    );
  });

  test("a command that the image does not have is named", async () => {
    expect(await complaint("lost", "CommandNotFound")).toContain('"/no/such/program" was not found in image');
  });

  test("a container that ends with 137 is told to have been killed, one at its limit to have run out of memory", async () => {
    expect(await complaint("killed", "ExitedBeforeReady")).toMatch(/was ended by SIGKILL before anything listened/);
    expect(await complaint("hungry", "OutOfMemory")).toContain("used more memory than its limit and was ended");
  });

  test("a container that never listens has not started in time", async () => {
    expect(await complaint("silent", "StartTimeout")).toMatch(/listen.* within 1000 ms/);
    expect((await rig.api.instances("silent"))?.failures.StartTimeout).toBeGreaterThan(0);
  });

  test("one that listens late is waited for", () => arrives("late"));

  test("one that ignores PORT is found where it listens, and that is told; one that listens on PORT and another is not", async () => {
    await arrives("elsewhere");
    await arrives("twice");
    expect((await rig.api.instances("elsewhere"))?.discoveredPort).toBe(elsewhere);
    expect((await rig.api.instances("twice"))?.discoveredPort).toBeUndefined();
    expect(await rouseCommand(rig.server, "describe", "service", "elsewhere")).toContain(String(elsewhere));
  });

  test("one that ignores SIGTERM is ended all the same", async () => {
    await arrives("stubborn");
    await awaitInstances(rig.api, "stubborn", "an instance asked to end, or none", ({ count }) => count.ready === 0);
    await rig.awaitZero("stubborn");
  });

  test("the children of one go with it", async () => {
    await arrives("forks");
    await rig.awaitZero("forks");
    const none = async () => (await processesWith(mark)).length === 0;
    await awaitCondition("no child left", none, { evidence: () => processesWith(mark) });
  });

  test("what one prints is read to the end, and only the last of it is kept", async () => {
    await arrives("chatty");
    let lines: readonly string[] = [];
    const all = async () => {
      lines = (await rouseCommand(rig.server, "logs", "chatty")).trimEnd().split("\n");
      return lines.some((line) => line.includes("said everything"));
    };
    await awaitCondition("the last that it printed", all, { everyMs: 200, evidence: () => lines.slice(-2) });
    expect(lines.length).toBeLessThanOrEqual(1_000);
  });

  test("a list of services shows what is wrong with each", async () => {
    const list = await rouseCommand(rig.server, "get", "services");
    const expected = { absent: "ImagePullFailed", foreign: "ImageOfAnotherPlatform", lost: "CommandNotFound" };
    const others = { killed: "ExitedBeforeReady", hungry: "OutOfMemory", silent: "StartTimeout" };
    for (const [name, reason] of Object.entries({ ...expected, ...others })) {
      expect(list).toMatch(new RegExp(`^${name} .*False .*${reason}`, "m"));
    }
  });

  test("nothing was given up, and no container is left of those that failed", async () => {
    expect(await rig.api.dead()).toEqual([]);
    const left = async () => (await containersOf(rig.engine)).filter(({ state }) => state === "exited");
    await awaitCondition("no container that has ended", async () => (await left()).length === 0, { evidence: left });
  });
});
