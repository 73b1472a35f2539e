import type { Workload } from "../../workload.ts";

/** What a child inherits; nothing else of our environment reaches it, so our own credentials do not. */
const inherited = ["PATH", "HOME", "LANG", "TZ", "TMPDIR"] as const;

/** The whole environment of a child: what it inherits, what its Service declares, and Knative's runtime contract on top. */
export function childEnvironment(
  parent: Readonly<Record<string, string | undefined>>,
  workload: Workload,
  port: number,
): Record<string, string> {
  const environment: Record<string, string> = {};
  for (const name of inherited) {
    const value = parent[name];
    if (value !== undefined) environment[name] = value;
  }
  return {
    ...environment,
    ...workload.env,
    PORT: String(port),
    K_SERVICE: workload.serviceName,
    K_REVISION: workload.revisionName,
    K_CONFIGURATION: workload.serviceName,
  };
}
