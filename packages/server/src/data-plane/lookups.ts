import type { CloudEvent } from "@rouse/events";
import type { InstanceAcquired } from "@rouse/serving-client";
import type { HttpSource, Outlet, SinkAnswer } from "@rouse/sources";

/** The hook of an HttpSource that runs here. */
export type Hook = Pick<HttpSource, "verifies" | "receive">;

/** The hooks that can be reached at `/-/hooks/<namespace>/<name>`. */
export interface Hooks {
  find(namespace: string, name: string): Hook | undefined;
  /**
   * True for an HttpSource that is declared, also when it does not run (its secret is missing): senders are then told to
   * come again, not that there is nothing. Default: what is not found is not declared.
   */
  declared?(namespace: string, name: string): boolean;
}

/** Kinds of sinks that take events at an address of their own. */
export const outletPlurals = ["kafkasinks", "rabbitmqsinks"] as const;
export type OutletPlural = (typeof outletPlurals)[number];

/** The sinks that can be reached at `/-/<plural>/<namespace>/<name>`. */
export interface Outlets {
  find(plural: OutletPlural, namespace: string, name: string): Pick<Outlet, "send"> | undefined;
}

/** Takes the events that a child of a source sends: where `K_SINK` leads when the source's sink is no broker. */
export interface Inlet {
  /** Resolves after the event is stored; a rejection is taken for `unavailable`. */
  append(event: CloudEvent): Promise<SinkAnswer>;
}

/** The inlets that can be reached at `/-/sources/<namespace>/<plural>/<name>`. */
export interface Inlets {
  find(plural: string, namespace: string, name: string): Inlet | undefined;
}

/** What has to be known of a Service before a call is passed to it. */
export interface ServiceFacts {
  /** `private`: only who shows the data plane's token may call it. */
  readonly visibility: "public" | "private";
  /** How long a call waits for an instance, milliseconds. */
  readonly startTimeoutMs: number;
  /** Requests at once over all instances that there may be; ten times as many calls may wait. Default 1,000. */
  readonly slots?: number;
}

/** The Services that can be called at `/-/services/<namespace>/<name>/` and under host names of their own. */
export interface Services {
  find(namespace: string, name: string): ServiceFacts | undefined;
  /** The serving client's: waits for an instance of `<namespace>/<name>`; rejects with the signal's reason. */
  acquire(key: string, signal: AbortSignal): Promise<InstanceAcquired>;
}

/** What can be reached beside brokers. */
export interface Lookups {
  readonly services: Services;
  readonly hooks: Hooks;
  readonly outlets: Outlets;
  readonly inlets: Inlets;
  /** False while objects may be missing that do exist: they are then unavailable, not unknown. */
  loaded(): boolean;
}

/** Finds nothing. */
export const nothing: Omit<Lookups, "loaded"> = {
  services: {
    find: () => undefined,
    acquire: async () => ({ kind: "held", reason: "NotWanted", retryAfterMs: 1_000 }),
  },
  hooks: { find: () => undefined },
  outlets: { find: () => undefined },
  inlets: { find: () => undefined },
};

const label = /^[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?$/;

/** True for what a namespace or an object here may be called. */
export function isName(text: string): boolean {
  return label.test(text);
}
