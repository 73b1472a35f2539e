import { expect, test } from "vitest";
import { processOf, workloadOf } from "../workload.testing.ts";
import type { ContainerProgram, Driver, Program } from "./driver.ts";
import { selectDriver } from "./select-driver.ts";

const container: ContainerProgram = {
  kind: "container",
  image: "hello",
  command: undefined,
  args: undefined,
  pull: "never",
  port: undefined,
  cpus: undefined,
  memoryBytes: undefined,
};

function refusing(message: string, prepared: Program[]): Driver {
  return {
    launch: async () => ({ kind: "refused", reason: "Test", message }),
    prepare: (program) => prepared.push(program),
  };
}

test("selected driver: a program is started and prepared by the driver of its kind", async () => {
  const [processes, containers]: [Program[], Program[]] = [[], []];
  const driver = selectDriver({
    process: refusing("process", processes),
    container: refusing("container", containers),
  });
  for (const program of [processOf("hello"), container]) {
    const order = { instance: "hello-1", key: "default/hello", generation: 1, workload: workloadOf({ program }) };
    const observer = { line: () => {}, exited: () => {} };
    expect(await driver.launch(order, observer)).toMatchObject({ message: program.kind });
    driver.prepare?.(program);
  }
  expect(processes.map(({ kind }) => kind)).toEqual(["process"]);
  expect(containers).toEqual([container]);
});
