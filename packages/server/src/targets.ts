import type { Activator } from "@rouse/serving-client";
import type { Acquired, Targets } from "@rouse/triggers";

const unresolvedRetryMs = 5_000;

/** Whoever hands out the slots of plain URLs. */
export type UrlTargets = Pick<Targets, "acquire">;

/** Leases for every kind of target: URLs at once, services from the serving client, and none for what is unresolved. */
export function createTargets(activator: Activator, urls: UrlTargets): Targets {
  return {
    async acquire(target, signal): Promise<Acquired> {
      switch (target.kind) {
        case "url":
          return urls.acquire(target, signal);
        case "unresolved":
          return { kind: "held", reason: target.reason, retryAfterMs: unresolvedRetryMs };
        case "service": {
          const service = `${target.namespace}/${target.name}`;
          const acquired = await activator.acquire(service, signal);
          if (acquired.kind === "held") {
            const { kind, reason, retryAfterMs, failure } = acquired;
            return { kind, reason, retryAfterMs, ...(failure && { failing: failure }) };
          }
          const { lease } = acquired;
          return {
            kind: "lease",
            lease: {
              url: lease.origin + target.path,
              service,
              instance: lease.instance,
              waitedMs: lease.waitedMs,
              timeoutMs: lease.requestTimeoutMs,
              release: () => lease.release(),
            },
          };
        }
        default: {
          const unknown: never = target;
          return unknown;
        }
      }
    },
  };
}
