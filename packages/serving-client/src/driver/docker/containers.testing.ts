import { workloadOf } from "../../workload.testing.ts";
import type { ContainerProgram, InstanceExit, InstanceObserver, LaunchOrder } from "../driver.ts";

/** A program that runs an image with this command. */
export function containerOf(image: string, command?: readonly string[], fields: Partial<ContainerProgram> = {}) {
  const program: ContainerProgram = {
    kind: "container",
    image,
    command,
    args: undefined,
    pull: "never",
    port: undefined,
    cpus: undefined,
    memoryBytes: undefined,
    ...fields,
  };
  return { program };
}

/** An order for one instance of `default/hello`. */
export function orderOf(fields: Parameters<typeof workloadOf>[0]): LaunchOrder {
  return { instance: "hello-1", key: "default/hello", generation: 1, workload: workloadOf(fields) };
}

/** Keeps what an instance does. */
export class Witness implements InstanceObserver {
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

  /** Resolves once a line was printed. */
  saw(line: string): Promise<void> {
    return new Promise((resolve) => {
      const check = () => this.lines.includes(line) && resolve();
      this.waiting.add(check);
      check();
    });
  }
}
