import type { Launchable } from "../driver.ts";

/** What a child inherits; nothing else of our environment reaches it, so our own credentials do not. */
const inherited = ["PATH", "HOME", "LANG", "TZ", "TMPDIR"] as const;

/**
 * The whole environment of a child: what it inherits, what is declared for it and, when it serves, Knative's runtime
 * contract on top.
 */
export function childEnvironment(
  parent: Readonly<Record<string, string | undefined>>,
  { env, serviceName, revisionName }: Pick<Launchable, "env" | "serviceName" | "revisionName">,
  port: number,
): Record<string, string> {
  const environment: Record<string, string> = {};
  for (const name of inherited) {
    const value = parent[name];
    if (value !== undefined) environment[name] = value;
  }
  Object.assign(environment, env);
  if (serviceName === undefined) return environment;
  return {
    ...environment,
    PORT: String(port),
    K_SERVICE: serviceName,
    K_REVISION: revisionName ?? "",
    K_CONFIGURATION: serviceName,
  };
}
