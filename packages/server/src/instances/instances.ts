import { randomBytes } from "node:crypto";
import type { Clock, Timer } from "@rouse/base";
import type { Placement, Program } from "@rouse/serving-client";
import type { Register } from "../store/register.ts";
import { type ContainerState, ContainerWatch } from "./container-watch.ts";
import type { InstanceCounts } from "./host-record.ts";
import { createHosts, type Hosts } from "./hosts.ts";
import { Peers } from "./peers.ts";
import type { ProcessSight } from "./process-sight.ts";
import { SharedPlacement, slotGroup } from "./shared-placement.ts";
import { Slots } from "./slots.ts";
import { type Want, WantBoard } from "./want-board.ts";

/** What sharing instances among processes needs. */
export interface InstancesOptions {
  /** Stays open. */
  readonly register: Register;
  readonly clock: Clock;
  /** A number in [0, 1). */
  readonly random: () => number;
  /** `<operating system>/<architecture>`, for people. */
  readonly platform: string;
  /** How long a process that says nothing counts as alive, milliseconds; default 15,000. */
  readonly leaseMs?: number;
  /** Spares waiting for the lease of a process that can be seen to have ended; default: nothing is seen. */
  readonly sight?: ProcessSight;
  /** What a service runs, by `<namespace>/<name>`; undefined while that is not known. */
  readonly programOf: (key: string) => Program | undefined;
  /** The instances of this process, of those services that have any. */
  readonly services: () => Readonly<Record<string, InstanceCounts>>;
  /** Whether containers can be run here; not asked before one is wanted. */
  readonly containers: () => ContainerState | Promise<ContainerState>;
  /** Another process has events for this service and no place for an instance, and this one may: its lanes are to be swept. */
  readonly onWanted: (key: string) => void;
}

/** The instances of all processes, as one of them sees and shares them. Disposing it gives back all that is held. */
export interface Instances extends AsyncDisposable {
  readonly placement: Placement;
  readonly hosts: Hosts;
}

const leaseDefaultMs = 15_000;

/** Joins the processes that share the register; to be disposed after the instances have ended. */
export function openInstances(options: InstancesOptions): Instances {
  const { clock, leaseMs = leaseDefaultMs, onWanted, platform, programOf, random, register, services, sight } = options;
  const id = randomBytes(8).toString("hex");
  const since = clock.now();
  const containers = new ContainerWatch(options.containers, () => peers.changed());
  let process = "";
  const facts = () => ({ platform, since, process, kinds: containers.kinds, services: services() });
  const hasEnded = async (identity: string) => (await sight?.hasEnded(identity)) ?? false;
  const peers: Peers = new Peers({ register, clock, id, leaseMs, facts, hasEnded });
  const tell = (own: string) => {
    process = own;
    peers.changed();
  };
  // Who cannot say who it is has its lease.
  sight?.own.then(tell, () => {});
  const hosts = createHosts({ peers, containers, services });
  const slots = new Slots({ register, peers, random });
  const wanted = (key: string, why: Want) => {
    const program = programOf(key);
    const here = why === "MaxScaleReached" ? slots.own(slotGroup(key)) > 0 : program && hosts.runsHere(program);
    if (here) onWanted(key);
  };
  const board = new WantBoard({ register, clock, id, wanted });
  const placement = new SharedPlacement({ register, clock, slots, hosts, leaseMs, programOf, want: board.want });
  let looking: Timer;
  const look = () => {
    void containers.look();
    slots.tidy();
    looking = clock.setTimer(leaseMs, look);
  };
  looking = clock.setTimer(leaseMs, look);
  return {
    placement,
    hosts,
    async [Symbol.asyncDispose]() {
      looking.cancel();
      board.close();
      placement.close();
      await slots.close();
      await peers[Symbol.asyncDispose]();
    },
  };
}
