import { z } from "zod";
import type { Problem } from "./problem.ts";
import { validateSecretName } from "./secret-reference.ts";

/**
 * Which RabbitMQ: a Secret with `uri` (`amqp[s]://[user:password@]host[:port][/vhost]`, or a host alone as Knative has
 * it), and as needed `username`, `password`, `port`, `ca.crt`, `tls.crt` and `tls.key`.
 */
export interface RabbitmqClusterReference {
  readonly connectionSecret: { readonly name: string };
}

/** The schema of a {@link RabbitmqClusterReference}. */
export const clusterReferenceSchema: z.ZodType<RabbitmqClusterReference> = z
  .strictObject({
    connectionSecret: z
      .strictObject({ name: z.string().describe("Name of the Secret, in the same namespace.") })
      .describe("The Secret with the uri of RabbitMQ, and username and password when they are not in it."),
  })
  .describe("Which RabbitMQ.");

/** Fields of Knative that are refused. */
export function unsupportedInClusterReference(path: string): Record<string, string> {
  return {
    [`${path}.name`]:
      "name a Secret whose key uri is amqp://user:password@host:5672/ instead: connectionSecret: {name: rabbitmq}",
    [`${path}.namespace`]: "the Secret is in the namespace of the object; leave it out",
  };
}

/** The rules of a reference that its schema cannot say. */
export function validateClusterReference(reference: RabbitmqClusterReference, path: string): Problem[] {
  return validateSecretName(reference.connectionSecret.name, `${path}.connectionSecret.name`);
}
