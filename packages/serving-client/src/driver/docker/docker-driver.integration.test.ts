import { systemClock } from "@rouse/base";
import Docker from "dockerode";
import { describe, expect, test } from "vitest";
import { type Engine, findEngine, startEngine } from "../../testing/index.ts";
import { containerConformance } from "./containers.conformance.ts";
import { containerOf, orderOf, Witness } from "./containers.testing.ts";
import { createDockerDriver, type DockerDriver, type DockerDriverOptions } from "./docker-driver.ts";
import { startRegistry } from "./registry.testing.ts";

function driverOf({ socketPath }: Engine, fields: Partial<DockerDriverOptions> = {}): DockerDriver {
  const names = { installation: "test", owner: "test" };
  return createDockerDriver({ clock: systemClock, random: Math.random, ...names, socketPath, ...fields });
}

containerConformance("docker driver on the host network", {
  found: findEngine() !== undefined,
  start: () => startEngine(),
  engine: "docker",
  toldLog: { Config: { "max-size": "10m", "max-file": "2" } },
});

containerConformance("docker driver on a bridge", {
  found: findEngine({ own: true }) !== undefined,
  start: () => startEngine({ network: "bridge" }),
  engine: "docker",
  toldLog: { Config: { "max-size": "10m", "max-file": "2" } },
});

describe.skipIf(!findEngine({ own: true }))("docker driver on a bridge that is not ours", () => {
  test("an instance is reached at a port that the engine publishes on loopback, and proves itself by an answer", async () => {
    await using engine = await startEngine({ network: "bridge" });
    const image = await engine.image("busybox");
    await using driver = driverOf(engine, { ownAddresses: () => ["127.0.0.1"] });
    const launched = await driver.launch(orderOf(containerOf(image)), new Witness());
    if (launched.kind === "refused") throw new Error(launched.message);
    const { instance } = launched;
    const [address] = instance.addresses;
    expect(instance).toMatchObject({ port: 8080, readiness: "answer", addresses: [{ host: "127.0.0.1" }] });
    const answer = () => fetch(`http://127.0.0.1:${address?.port}/`).then((it) => it.text());
    await expect.poll(() => answer().catch(() => ""), { timeout: 10_000 }).toBe("hello from busybox\n");
    expect([instance.addressOf(8080), instance.addressOf(3000)]).toEqual([address, undefined]);
    instance.stop(5_000);
    await instance.gone;
  });
});

describe.skipIf(!findEngine({ own: true }))("docker driver and a registry", () => {
  test("starts at the same time pull an image once, and later ones not at all", async () => {
    await using engine = await startEngine({ own: true });
    await using registry = await startRegistry();
    await using driver = driverOf(engine);
    const order = orderOf(containerOf(registry.image, ["/absent"], { pull: "if-not-present" }));
    const launch = () => driver.launch(order, new Witness());
    const refusals = [...(await Promise.all([launch(), launch(), launch()])), await launch()];
    expect(refusals.map((it) => it.kind === "refused" && it.reason)).toEqual(Array(4).fill("CommandNotFound"));
    expect(registry.asked.filter((url) => url.includes("/blobs/")).sort()).toHaveLength(2);
  });

  test("an image that the registry does not have is missing, with what to do", async () => {
    await using engine = await startEngine({ own: true });
    await using registry = await startRegistry();
    await using driver = driverOf(engine);
    const image = registry.image.replace("hello", "nobody");
    const launched = await driver.launch(
      orderOf(containerOf(image, undefined, { pull: "if-not-present" })),
      new Witness(),
    );
    expect(launched).toMatchObject({
      reason: "ImageMissing",
      message: expect.stringMatching(/could not be pulled: manifest .*; mend the name, build it on this engine/),
    });
  });

  test("a pull that hangs holds up nobody who does not want it any more", async () => {
    await using engine = await startEngine({ own: true });
    await using registry = await startRegistry({ hangs: true });
    await using driver = driverOf(engine);
    const order = orderOf(containerOf(registry.image, undefined, { pull: "always" }));
    const unwanted = new AbortController();
    const launched = driver.launch({ ...order, signal: unwanted.signal }, new Witness());
    await expect.poll(() => registry.asked.length).toBeGreaterThan(0);
    unwanted.abort();
    expect(await launched).toMatchObject({ kind: "refused", reason: "NotWanted" });
  });
});

describe.skipIf(!findEngine({ own: true }))("docker driver whose engine is killed", () => {
  test("its instances are gone, starts are refused, and go on when it is back", async () => {
    await using engine = await startEngine({ own: true });
    const image = await engine.image("busybox");
    await using driver = driverOf(engine);
    const sleeping = orderOf(containerOf(image, ["/bin/sh", "-c", "echo up; sleep 60"]));
    const witness = new Witness();
    const first = await driver.launch(sleeping, witness);
    await witness.saw("stdout: up");
    await engine.kill();
    if (first.kind === "running") await first.instance.gone;
    expect(witness.exits).toEqual([{ code: undefined, signal: undefined }]);
    expect(await driver.launch(sleeping, new Witness())).toMatchObject({ reason: "EngineUnavailable" });
    expect(await driver.engine()).toMatchObject({ kind: "unavailable" });

    await engine.run();
    const again = new Witness();
    const second = await driver.launch(sleeping, again);
    await again.saw("stdout: up");
    if (second.kind === "running") {
      second.instance.stop(0);
      await second.instance.gone;
    }
    expect(again.exits).toHaveLength(1);
    const docker = new Docker({ socketPath: engine.socketPath });
    await expect.poll(() => docker.listContainers({ all: true })).toEqual([]);
  });
});
