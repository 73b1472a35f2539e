import type { KafkaNet } from "@rouse/resources";
import type { KafkaConnection, KafkaSasl, KafkaTls } from "@rouse/sources";
import { SecretFault } from "../../secrets/secret-fault.ts";
import { type ConnectionSecrets, secretText, secretTexts } from "./secret-values.ts";

/** How a KafkaSource's `net` says to connect, its secrets filled in. */
export async function connectionOfNet(
  bootstrapServers: readonly string[],
  net: KafkaNet | undefined,
  namespace: string,
  secrets: ConnectionSecrets,
): Promise<KafkaConnection> {
  const { tls, sasl } = net ?? {};
  return {
    bootstrapServers,
    tls: tls?.enable ? await tlsOf(tls, namespace, secrets) : undefined,
    sasl: sasl?.enable ? await saslOf(sasl, namespace, secrets) : undefined,
  };
}

type NetTls = NonNullable<KafkaNet["tls"]>;
type NetSasl = NonNullable<KafkaNet["sasl"]>;

async function tlsOf({ caCert, cert, key }: NetTls, namespace: string, secrets: ConnectionSecrets): Promise<KafkaTls> {
  const texts = [caCert, cert, key].map((each) => secretText(secrets, namespace, each?.secretKeyRef));
  const [ca, certificate, privateKey] = await Promise.all(texts);
  return {
    ...(ca === undefined ? {} : { ca }),
    ...(certificate === undefined ? {} : { cert: certificate }),
    ...(privateKey === undefined ? {} : { key: privateKey }),
  };
}

async function saslOf(
  { user, password, type }: NetSasl,
  namespace: string,
  secrets: ConnectionSecrets,
): Promise<KafkaSasl> {
  const texts = [type, user, password].map((each) => secretText(secrets, namespace, each?.secretKeyRef));
  const [mechanism = "PLAIN", name, word] = await Promise.all(texts);
  return saslOfTexts(mechanism.trim(), name, word);
}

/** How the Secret of a KafkaSink says to connect; without one, in the clear. */
export async function connectionOfSecret(
  bootstrapServers: readonly string[],
  secret: string | undefined,
  namespace: string,
  secrets: ConnectionSecrets,
): Promise<KafkaConnection> {
  if (secret === undefined) return { bootstrapServers, tls: undefined, sasl: undefined };
  const texts = await secretTexts(secrets, namespace, secret);
  const protocol = texts.required("protocol", "PLAINTEXT, SSL, SASL_PLAINTEXT or SASL_SSL").trim();
  if (!["PLAINTEXT", "SSL", "SASL_PLAINTEXT", "SASL_SSL"].includes(protocol)) {
    throw new SecretFault(
      "SECRET_VALUE_INVALID",
      `"protocol" in secret ${namespace}/${secret} must be PLAINTEXT, SSL, SASL_PLAINTEXT or SASL_SSL`,
    );
  }
  const [ca, cert, key] = ["ca.crt", "user.crt", "user.key"].map((name) => texts.optional(name));
  return {
    bootstrapServers,
    tls: protocol.endsWith("SSL")
      ? { ...(ca ? { ca } : {}), ...(cert ? { cert } : {}), ...(key ? { key } : {}) }
      : undefined,
    sasl: protocol.startsWith("SASL")
      ? saslOfTexts(
          texts.required("sasl.mechanism", "PLAIN, SCRAM-SHA-256, SCRAM-SHA-512 or OAUTHBEARER").trim(),
          texts.optional("user"),
          texts.optional("password"),
        )
      : undefined,
  };
}

function saslOfTexts(mechanism: string, user: string | undefined, password: string | undefined): KafkaSasl {
  const missing = (what: string) =>
    new SecretFault("SECRET_VALUE_MISSING", `SASL ${mechanism} needs ${what}, which no Secret gives`);
  switch (mechanism) {
    case "PLAIN":
    case "SCRAM-SHA-256":
    case "SCRAM-SHA-512":
      if (user === undefined) throw missing("a user");
      if (password === undefined) throw missing("a password");
      return { mechanism, user, password };
    case "OAUTHBEARER":
      if (password === undefined) throw missing("a token (in the place of the password)");
      return { mechanism, token: password };
    default:
      throw new SecretFault(
        "SECRET_VALUE_INVALID",
        "the SASL mechanism that the Secret gives is not one of PLAIN, SCRAM-SHA-256, SCRAM-SHA-512, OAUTHBEARER",
      );
  }
}
