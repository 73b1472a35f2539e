import { cpus, loadavg, totalmem } from "node:os";

/** What the figures were taken on. */
export interface Machine {
  readonly cpu: string;
  readonly cores: number;
  readonly memoryGb: number;
  readonly os: string;
  readonly node: string;
  readonly nats: string;
  /** Processes that wanted to run in the minute before, on average: what else the machine had to do. */
  readonly load: number;
}

/** Describes this machine. */
export function describeMachine(natsVersion: string): Machine {
  const all = cpus();
  return {
    cpu: all[0]?.model.trim() || "unknown",
    cores: all.length,
    memoryGb: Math.round(totalmem() / 2 ** 30),
    os: `${process.platform} ${process.arch}`,
    node: process.versions.node,
    nats: natsVersion,
    load: Number(loadavg()[0]!.toFixed(2)),
  };
}

/** The same in one line. */
export function machineLine(machine: Machine): string {
  const { cores, cpu, load, memoryGb, nats, node, os } = machine;
  return `${cpu}, ${cores} cores, ${memoryGb} GB, ${os}, node ${node}, nats-server ${nats}, load ${load}`;
}
