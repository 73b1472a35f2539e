import { systemClock } from "@rouse/base";
import Docker from "dockerode";
import { describe, expect, test } from "vitest";
import { type Engine, findEngine, startEngine } from "../../testing/index.ts";
import { containerOf, orderOf, Witness } from "./containers.testing.ts";
import { createDockerDriver } from "./docker-driver.ts";

const checked = "localhost/rouse-test/checked";

/** The image of busybox's server, with a check of its health. */
async function withCheck(engine: Engine, check: string): Promise<string> {
  const docker = new Docker({ socketPath: engine.socketPath });
  const container = await docker.createContainer({ Image: await engine.image("busybox") });
  await container.commit({
    repo: checked,
    tag: "1",
    changes: `HEALTHCHECK --interval=1s --timeout=5s --retries=1 ${check}`,
  });
  await container.remove();
  return `${checked}:1`;
}

describe.skipIf(!findEngine({ own: true }))("docker driver and an image that checks its health", () => {
  test("an instance is ready before its first check, and is ended when that fails", async () => {
    await using engine = await startEngine({ own: true });
    const image = await withCheck(engine, 'CMD ["/bin/sh", "-c", "echo no answer; exit 1"]');
    const names = { installation: "test", owner: "test", socketPath: engine.socketPath };
    await using driver = createDockerDriver({ clock: systemClock, random: Math.random, ...names });
    const witness = new Witness();
    const launched = await driver.launch(orderOf(containerOf(image)), witness);
    if (launched.kind === "refused") throw new Error(launched.message);
    const { port, gone } = launched.instance;
    const answer = () => fetch(`http://127.0.0.1:${port}/`).then((it) => it.text());
    await expect.poll(() => answer().catch(() => ""), { timeout: 10_000, interval: 10 }).toBe("hello from busybox\n");
    await gone;
    expect(witness.exits).toEqual([expect.objectContaining({ unhealthy: "no answer" })]);
  });

  test("an instance whose check succeeds is ended neither by that nor by what the engine calls it while it is frozen", async () => {
    await using engine = await startEngine({ own: true });
    const image = await withCheck(engine, 'CMD ["/bin/true"]');
    const names = { installation: "test", owner: "test", socketPath: engine.socketPath };
    await using driver = createDockerDriver({ clock: systemClock, random: Math.random, ...names });
    const witness = new Witness();
    const launched = await driver.launch(orderOf(containerOf(image)), witness);
    if (launched.kind === "refused") throw new Error(launched.message);
    const { instance } = launched;
    const container = new Docker({ socketPath: engine.socketPath }).getContainer(instance.handle.split(" ")[1] ?? "");
    const health = async () => (await container.inspect()).State.Health?.Status;
    await expect.poll(health, { timeout: 15_000 }).toBe("healthy");
    expect([await instance.freeze(), await health(), await instance.thaw()]).toEqual([true, "unhealthy", true]);
    await expect.poll(health, { timeout: 15_000 }).toBe("healthy");
    instance.stop(0);
    await instance.gone;
    expect(witness.exits).toHaveLength(1);
    expect(witness.exits[0]).not.toHaveProperty("unhealthy");
  });
});
