import type { Program } from "@rouse/serving-client";
import type { JsonObject } from "../store/port.ts";
import type { RegisterRecord } from "../store/register.ts";

/** What can be run. */
export type ProgramKind = Program["kind"];

/** Instances of a service. */
export interface InstanceCounts {
  readonly starting: number;
  readonly ready: number;
  readonly frozen: number;
}

/** What a process says of itself to the others. */
export interface HostFacts {
  /** `<operating system>/<architecture>`. */
  readonly platform: string;
  /** Start of the process, milliseconds since the epoch by its own clock; for people. */
  readonly since: number;
  /** Which process of which machine it is, as those on the same machine can see it; empty where that is not known. */
  readonly process: string;
  readonly kinds: readonly ProgramKind[];
  /** Of the services that it has instances of, by `<namespace>/<name>`. */
  readonly services: Readonly<Record<string, InstanceCounts>>;
}

/** A live process of the installation. */
export interface HostRecord extends HostFacts {
  readonly id: string;
}

/** The group of the records of processes. */
export const hostGroup = "host";

/** The key of a process. */
export function hostKey(id: string): string {
  return `${hostGroup}.${id}`;
}

/** The record of a process as it is stored. */
export function toValue(facts: HostFacts): JsonObject {
  const services = Object.fromEntries(Object.entries(facts.services).map(([key, counts]) => [key, { ...counts }]));
  const { platform, since, process, kinds } = facts;
  return { platform, since, process, kinds, services };
}

/** The process of a record; undefined when it is gone. What another version left out, or wrote otherwise, is taken as nothing. */
export function hostOf({ key, value }: RegisterRecord): HostRecord | undefined {
  if (value === undefined) return undefined;
  const { platform, since, process, kinds, services } = value;
  return {
    id: key.slice(hostGroup.length + 1),
    platform: typeof platform === "string" ? platform : "",
    since: numberOf(since),
    process: typeof process === "string" ? process : "",
    kinds: Array.isArray(kinds) ? kinds.filter((kind): kind is ProgramKind => typeof kind === "string") : [],
    services: Object.fromEntries(
      Object.entries(services ?? {}).map(([service, counts]) => [service, countsOf(counts)]),
    ),
  };
}

function countsOf(counts: unknown): InstanceCounts {
  const { starting, ready, frozen } = (counts ?? {}) as Record<string, unknown>;
  return { starting: numberOf(starting), ready: numberOf(ready), frozen: numberOf(frozen) };
}

function numberOf(value: unknown): number {
  return typeof value === "number" && value >= 0 ? value : 0;
}
