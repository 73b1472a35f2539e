import type { Program } from "@rouse/serving-client";
import type { ContainerState, ContainerWatch } from "./container-watch.ts";
import type { HostRecord, InstanceCounts } from "./host-record.ts";
import type { Peers } from "./peers.ts";
import { prewarmHost } from "./prewarm-host.ts";

/** Whether a program can be run by any process; `message` names what is missing, and the way out. */
export type CanRun =
  | { readonly kind: "yes" }
  | { readonly kind: "no"; readonly reason: "NoHost"; readonly message: string };

/** The processes of the installation, and what they run. */
export interface Hosts {
  /** Of this process. */
  readonly id: string;
  /** All that live, this one first. */
  all(): readonly HostRecord[];
  canRun(program: Program): CanRun;
  /** Whether this process can. */
  runsHere(program: Program): boolean;
  /** Instances of a service over all processes; those elsewhere are up to a few seconds old. */
  instancesOf(key: string): InstanceCounts;
  /** Whether an expected event is prepared for here: exactly one of the processes that can says yes, as far as they see the same. */
  prepares(key: string, program: Program): boolean;
  /** To be called when instances came, went or changed. Cheap. */
  changed(): void;
  /** Calls `listener` when a process came, went, or can run other kinds of programs; returns the way to stop. */
  onChange(listener: () => void): () => void;
}

/** What {@link createHosts} is given. */
export interface HostsParts {
  readonly peers: Peers;
  readonly containers: ContainerWatch;
  readonly services: () => Readonly<Record<string, InstanceCounts>>;
}

const none: InstanceCounts = { starting: 0, ready: 0, frozen: 0 };

/** The processes that the register shows. Nothing to close. */
export function createHosts(parts: HostsParts): Hosts {
  const { containers, peers, services } = parts;
  const others = () => peers.all().filter((host) => host.id !== peers.id);
  const runsHere = (program: Program) => program.kind === "process" || containers.current.kind === "available";
  return {
    id: peers.id,
    all: () => [...peers.all()].sort((a, b) => Number(b.id === peers.id) - Number(a.id === peers.id)),
    runsHere,
    canRun(program) {
      if (runsHere(program) || others().some((host) => host.kinds.includes(program.kind))) return { kind: "yes" };
      return { kind: "no", reason: "NoHost", message: missing(containers.current, others().length) };
    },
    instancesOf(key) {
      const counts = [services()[key] ?? none, ...others().map((host) => host.services[key] ?? none)];
      return counts.reduce((sum, each) => ({
        starting: sum.starting + each.starting,
        ready: sum.ready + each.ready,
        frozen: sum.frozen + each.frozen,
      }));
    },
    prepares: (key, program) => {
      const chosen = prewarmHost(peers.all(), key, program.kind);
      return chosen === undefined ? runsHere(program) : chosen === peers.id;
    },
    changed: () => peers.changed(),
    onChange(listener) {
      let before = formOf(peers.all());
      return peers.onChange(() => {
        const now = formOf(peers.all());
        if (now === before) return;
        before = now;
        listener();
      });
    },
  };
}

function missing(containers: ContainerState, others: number): string {
  const here = containers.kind === "unavailable" ? `${containers.message}; ${containers.hint}` : "no container engine";
  const elsewhere = others === 0 ? "" : ` (${others} other process${others === 1 ? "" : "es"}: none there either)`;
  return `no process can run containers: ${here}${elsewhere}`;
}

function formOf(hosts: readonly HostRecord[]): string {
  return hosts
    .map((host) => `${host.id} ${host.kinds.join()}`)
    .sort()
    .join();
}
