import { z } from "zod";
import { type Findings, type Problem, required } from "./problem.ts";
import { type SecretValue, secretValueSchema, validateSecretValue } from "./secret-reference.ts";

/** How a KafkaSource connects; every value lies in a Secret. */
export interface KafkaNet {
  readonly tls?: KafkaNetTls | undefined;
  readonly sasl?: KafkaNetSasl | undefined;
}

/** PEM texts. Without a certificate of the authority the system's are trusted. */
export interface KafkaNetTls {
  /** Absent is false: the rest of the block has no effect. */
  readonly enable?: boolean | undefined;
  readonly cert?: SecretValue | undefined;
  readonly key?: SecretValue | undefined;
  readonly caCert?: SecretValue | undefined;
}

/** Who we are. */
export interface KafkaNetSasl {
  /** Absent is false: the rest of the block has no effect. */
  readonly enable?: boolean | undefined;
  readonly user?: SecretValue | undefined;
  /** With the mechanism OAUTHBEARER: the token. */
  readonly password?: SecretValue | undefined;
  /** The mechanism: PLAIN (when absent), SCRAM-SHA-256, SCRAM-SHA-512 or OAUTHBEARER. */
  readonly type?: SecretValue | undefined;
}

const value = (description: string) => secretValueSchema.optional().describe(description);

/** The schema of a {@link KafkaNet}. */
export const kafkaNetSchema: z.ZodType<KafkaNet> = z
  .strictObject({
    tls: z
      .strictObject({
        enable: z.boolean().optional().describe("Whether TLS is used; default false."),
        cert: value("The client's certificate, PEM."),
        key: value("The client's key, PEM."),
        caCert: value("The certificate of the authority, PEM; default: those of the system."),
      })
      .optional()
      .describe("TLS."),
    sasl: z
      .strictObject({
        enable: z.boolean().optional().describe("Whether SASL is used; default false."),
        user: value("The user; none with OAUTHBEARER."),
        password: value("The password; with OAUTHBEARER the token."),
        type: value("The mechanism: PLAIN (default), SCRAM-SHA-256, SCRAM-SHA-512 or OAUTHBEARER."),
      })
      .optional()
      .describe("SASL."),
  })
  .describe("How to connect; every value lies in a Secret.");

/** Fields of Knative that are refused. */
export function unsupportedInKafkaNet(path: string): Record<string, string> {
  const token = "put an OAUTHBEARER token into the Secret that password names, and OAUTHBEARER into the one of type";
  return { [`${path}.sasl.tokenProvider`]: token, [`${path}.sasl.roleARN`]: token };
}

/** The rules of `net` that its schema cannot say. */
export function validateKafkaNet(net: KafkaNet | undefined, path: string): Findings {
  return {
    problems: [...tlsProblems(net?.tls, `${path}.tls`), ...saslProblems(net?.sasl, `${path}.sasl`)],
    warnings: [...idleWarnings(net?.tls, `${path}.tls`), ...idleWarnings(net?.sasl, `${path}.sasl`)],
  };
}

function tlsProblems(tls: KafkaNetTls | undefined, path: string): Problem[] {
  if (tls === undefined) return [];
  const [missing, given] = tls.cert === undefined ? ["cert", "key"] : ["key", "cert"];
  const half = (tls.cert === undefined) !== (tls.key === undefined);
  return [
    ...validateSecretValue(tls.cert, `${path}.cert`),
    ...validateSecretValue(tls.key, `${path}.key`),
    ...validateSecretValue(tls.caCert, `${path}.caCert`),
    ...(half
      ? [required(`${path}.${missing}`, `a ${missing}, because there is a ${given}`, "give both, or none")]
      : []),
  ];
}

function saslProblems(sasl: KafkaNetSasl | undefined, path: string): Problem[] {
  if (sasl === undefined) return [];
  const problems = [
    ...validateSecretValue(sasl.user, `${path}.user`),
    ...validateSecretValue(sasl.password, `${path}.password`),
    ...validateSecretValue(sasl.type, `${path}.type`),
  ];
  if (sasl.enable !== true) return problems;
  if (sasl.password === undefined) {
    problems.push(required(`${path}.password`, "a password, or the token of OAUTHBEARER"));
  }
  // Which mechanism a Secret names is not known here; without one it is PLAIN.
  if (sasl.user === undefined && sasl.type === undefined) {
    problems.push(required(`${path}.user`, "a user, because the mechanism is PLAIN"));
  }
  return problems;
}

function idleWarnings(block: KafkaNetTls | KafkaNetSasl | undefined, path: string): string[] {
  if (block === undefined || block.enable === true || Object.keys(block).every((name) => name === "enable")) return [];
  return [`${path}: has no effect without enable: true`];
}
