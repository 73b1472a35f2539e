import {
  knativeAnnotations,
  readAnnotation,
  readinessPathOf,
  rouseAnnotations,
  type ServiceObject,
} from "@rouse/resources";
import type { Workload } from "@rouse/serving-client";
import { programOf } from "./program-of.ts";
import { revisionNameOf } from "./revisions/revision-form.ts";

/** What turning an object into something that runs depends on beside the object. */
export interface ServiceSettings {
  readonly workdirBase: string;
  readonly watch: boolean;
  /** SIGTERM to SIGKILL, milliseconds. */
  readonly graceMs: number;
  /** The operating system that we run on, as Node names it; default: this one. */
  readonly platform?: string;
}

/** With more slots than this an instance counts as full at 70 %. */
const exactConcurrencyMax = 3;
const utilizationDefault = 0.7;

/** The workload of a Service, all but generation and environment; undefined when it names neither command nor image. */
export function workloadOf(
  service: ServiceObject,
  settings: ServiceSettings,
): Omit<Workload, "generation" | "env"> | undefined {
  const program = programOf(service, settings.workdirBase);
  if (program === undefined) return undefined;
  const { namespace, name } = service.metadata;
  const template = service.spec.template?.spec;
  const { minScale, maxScale, retention, window, scaleDownDelay } = knativeAnnotations;
  const { idleTimeout, freezeAfter, maxLifetime, startTimeout } = rouseAnnotations;
  return {
    key: `${namespace}/${name}`,
    program,
    serviceName: name,
    revisionName: revisionNameOf(service),
    ...concurrencyOf(service),
    minScale: readAnnotation(service, minScale),
    maxScale: readAnnotation(service, maxScale),
    idleMs: readAnnotation(service, idleTimeout) + readAnnotation(service, retention),
    freezeMs: readAnnotation(service, freezeAfter),
    lifetimeMs: readAnnotation(service, maxLifetime),
    windowMs: readAnnotation(service, window),
    scaleDownDelayMs: readAnnotation(service, scaleDownDelay),
    startTimeoutMs: readAnnotation(service, startTimeout),
    readinessPath: readinessPathOf(template?.containers?.[0]?.readinessProbe),
    requestTimeoutMs: (template?.timeoutSeconds ?? 300) * 1_000,
    graceMs: settings.graceMs,
    // A container has no folder of this machine.
    watch: settings.watch && program.kind === "process",
  };
}

/**
 * Knative's `target` is the number of requests of which the utilization is aimed at; where nothing else limits them, it is
 * also how many an instance gets at once.
 */
function concurrencyOf(service: ServiceObject): Pick<Workload, "concurrency" | "utilization" | "target"> {
  const { metric, target, targetUtilization } = knativeAnnotations;
  const limit = service.spec.template?.spec?.containerConcurrency ?? 0;
  const percent = readAnnotation(service, targetUtilization);
  const utilization = percent === undefined ? undefined : percent / 100;
  const given = readAnnotation(service, metric) === "concurrency" ? readAnnotation(service, target) : undefined;
  if (given === undefined) return { concurrency: limit, utilization, target: undefined };
  const concurrency = limit || Math.ceil(given);
  const share = utilization ?? (given <= exactConcurrencyMax ? 1 : utilizationDefault);
  return { concurrency, utilization, target: Math.min(given * share, concurrency) };
}
