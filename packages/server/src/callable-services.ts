import { isPublic, knativeAnnotations, readAnnotation, rouseAnnotations, type ServiceObject } from "@rouse/resources";
import type { Activator } from "@rouse/serving-client";
import type { Services } from "./data-plane/lookups.ts";
import { type Objects, objectOf, types } from "./reconcile/objects.ts";

/** What 0, Knative's "no limit", comes to for instances and for requests at once. */
const unlimited = { instances: 10, concurrency: 100 } as const;

/** A Service, and what of it a name leads to: all of it, or the revision of a tag. */
interface Called {
  readonly service: ServiceObject;
  /** As the serving client knows it. */
  readonly key: string;
}

/** The Services that can be called from outside, under their names and as `<tag>-<name>`. */
export function createCallableServices(objects: Objects, activator: Pick<Activator, "acquire">): Services {
  const called = (namespace: string, name: string): Called | undefined => {
    const service = objects.service(namespace, name);
    return service ? { service, key: `${namespace}/${name}` } : tagged(objects, namespace, name);
  };
  return {
    find(namespace, name) {
      const service = called(namespace, name)?.service;
      if (service === undefined) return undefined;
      return {
        visibility: isPublic(service) ? "public" : "private",
        startTimeoutMs: readAnnotation(service, rouseAnnotations.startTimeout),
        slots: slotsOf(service),
      };
    },
    acquire(key, signal) {
      const [namespace = "", name = ""] = key.split("/");
      return activator.acquire(called(namespace, name)?.key ?? key, signal);
    },
  };
}

function tagged(objects: Objects, namespace: string, name: string): Called | undefined {
  for (const entry of objects.all({ ...types.service, namespace })) {
    const service = objectOf<ServiceObject>(entry);
    const target = service.spec.traffic?.find(({ tag }) => tag !== undefined && `${tag}-${entry.id.name}` === name);
    if (target) return { service, key: `${namespace}/${entry.id.name}#${target.tag}` };
  }
  return undefined;
}

function slotsOf(service: ServiceObject): number {
  const instances = readAnnotation(service, knativeAnnotations.maxScale) || unlimited.instances;
  return instances * (service.spec.template.spec.containerConcurrency || unlimited.concurrency);
}
