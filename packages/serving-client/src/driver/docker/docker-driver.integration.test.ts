import { systemClock } from "@rouse/base";
import Docker from "dockerode";
import { describe, expect, test } from "vitest";
import { findEngine, startEngine } from "../../testing/index.ts";
import { containerConformance } from "./containers.conformance.ts";
import { containerOf, orderOf, Witness } from "./containers.testing.ts";
import { createDockerDriver } from "./docker-driver.ts";

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

describe.skipIf(!findEngine({ own: true }))("docker driver whose engine is killed", () => {
  test("its instances are gone, starts are refused, and go on when it is back", async () => {
    await using engine = await startEngine({ own: true });
    const image = await engine.image("busybox");
    await using driver = createDockerDriver({
      clock: systemClock,
      random: Math.random,
      installation: "killed",
      owner: "test",
      socketPath: engine.socketPath,
    });
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
