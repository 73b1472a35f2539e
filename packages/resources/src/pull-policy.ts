import { readImage } from "./image-reference.ts";

/** When an image is fetched, in Kubernetes' words. */
export const pullPolicies = ["Always", "IfNotPresent", "Never"] as const;

/** One of {@link pullPolicies}. */
export type PullPolicy = (typeof pullPolicies)[number];

/**
 * When the image of a container is fetched: as it says, else, as Kubernetes has it, always for the tag `latest` or none,
 * and if it is not present for every other tag and for a digest.
 */
export function pullPolicyOf(container: {
  readonly image?: string | undefined;
  readonly imagePullPolicy?: PullPolicy | undefined;
}): PullPolicy {
  if (container.imagePullPolicy !== undefined) return container.imagePullPolicy;
  const read = readImage(container.image ?? "");
  if (read.kind === "invalid" || read.image.digest !== undefined) return "IfNotPresent";
  return read.image.tag === undefined || read.image.tag === "latest" ? "Always" : "IfNotPresent";
}
