import type { CloudEventOverrides } from "@rouse/resources";

/** The variables by which a process learns where its events go and what they shall carry, as Knative names them. */
export function sinkEnvironment(url: string, overrides: CloudEventOverrides | undefined): Record<string, string> {
  return { K_SINK: url, K_CE_OVERRIDES: JSON.stringify({ extensions: overrides?.extensions ?? {} }) };
}
