import type { Clock, Scope } from "@rouse/base";
import { readAnnotation, rouseAnnotations } from "@rouse/resources";
import type { Activator, Program } from "@rouse/serving-client";
import type { Hosts } from "./instances/hosts.ts";
import { createPrewarm } from "./instances/prewarm.ts";
import { createTickTargets, type TickTargetParts } from "./instances/tick-targets.ts";
import type { Objects } from "./reconcile/objects.ts";
import type { Store } from "./store/port.ts";

/** What preparing services for planned ticks needs. */
export interface ScheduledPrewarmParts extends Pick<TickTargetParts, "brokers" | "nextTick"> {
  readonly activator: Pick<Activator, "expect">;
  readonly clock: Clock;
  readonly hosts: Pick<Hosts, "onChange" | "prepares">;
  readonly objects: Objects;
  readonly programOf: (key: string) => Program | undefined;
  readonly store: Store;
}

/** Has the services ready that planned ticks are going to wake, as objects and processes come and go. The scope ends it. */
export function openPrewarm(parts: ScheduledPrewarmParts, scope: Scope): void {
  const { activator, brokers, clock, hosts, nextTick, objects, programOf, store } = parts;
  const prewarms = (key: string) => {
    const [namespace = "", name = ""] = key.split("/");
    const service = objects.service(namespace, name);
    return service !== undefined && readAnnotation(service, rouseAnnotations.prewarm);
  };
  const prewarm = createPrewarm({
    clock,
    ...createTickTargets({ objects, brokers, nextTick, prewarms }),
    prepares(key) {
      const program = programOf(key);
      return program !== undefined && hosts.prepares(key, program);
    },
    expect: (key, at) => activator.expect(key, at),
  });
  scope.defer(() => prewarm.close());
  const watching = store.watch({}, () => prewarm.changed());
  if (watching.kind === "watching") scope.defer(() => watching.close());
  scope.defer(hosts.onChange(() => prewarm.changed()));
  prewarm.changed();
}
