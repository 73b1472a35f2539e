import type { KafkaNet } from "@rouse/resources";
import type { KafkaConnection, KafkaSasl, KafkaTls } from "@rouse/sources";
import { SecretFault } from "../../secrets/secret-fault.ts";
import { type ReadSecret, secretText, secretTexts } from "./secret-values.ts";

/** How a KafkaSource's `net` says to connect, its secrets filled in. */
export async function connectionOfNet(
  bootstrapServers: readonly string[],
  net: KafkaNet | undefined,
  namespace: string,
  read: ReadSecret,
): Promise<KafkaConnection> {
  const { tls, sasl } = net ?? {};
  return {
    bootstrapServers,
    tls: tls?.enable ? await tlsOf(tls, namespace, read) : undefined,
    sasl: sasl?.enable ? await saslOf(sasl, namespace, read) : undefined,
  };
}

type NetTls = NonNullable<KafkaNet["tls"]>;
type NetSasl = NonNullable<KafkaNet["sasl"]>;

async function tlsOf({ caCert, cert, key }: NetTls, namespace: string, read: ReadSecret): Promise<KafkaTls> {
  const text = (value: NetTls["cert"], purpose: string) =>
    value && secretText(read, namespace, value.secretKeyRef, purpose);
  const [ca, certificate, privateKey] = await Promise.all([
    text(caCert, "the certificate authority of the brokers"),
    text(cert, "the client's certificate"),
    text(key, "the key of the client's certificate"),
  ]);
  return {
    ...(ca === undefined ? {} : { ca }),
    ...(certificate === undefined ? {} : { cert: certificate }),
    ...(privateKey === undefined ? {} : { key: privateKey }),
  };
}

async function saslOf({ user, password, type }: NetSasl, namespace: string, read: ReadSecret): Promise<KafkaSasl> {
  const mechanism = type ? await secretText(read, namespace, type.secretKeyRef, "the SASL mechanism") : "PLAIN";
  return saslOfTexts(
    mechanism,
    user && (await secretText(read, namespace, user.secretKeyRef, "the SASL user")),
    password && (await secretText(read, namespace, password.secretKeyRef, "the SASL password or token")),
  );
}

/** How the Secret of a KafkaSink says to connect; without one, in the clear. */
export async function connectionOfSecret(
  bootstrapServers: readonly string[],
  secret: string | undefined,
  namespace: string,
  read: ReadSecret,
): Promise<KafkaConnection> {
  if (secret === undefined) return { bootstrapServers, tls: undefined, sasl: undefined };
  const texts = await secretTexts(read, namespace, secret);
  const protocol = texts.required("protocol", "PLAINTEXT, SSL, SASL_PLAINTEXT or SASL_SSL").trim();
  if (!["PLAINTEXT", "SSL", "SASL_PLAINTEXT", "SASL_SSL"].includes(protocol)) {
    throw new SecretFault(
      "SECRET_VALUE_MISSING",
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
          texts.optional("user")?.trim(),
          texts.optional("password")?.replace(/\r?\n$/, ""),
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
        "SECRET_VALUE_MISSING",
        `SASL mechanism "${mechanism}" is not one of PLAIN, SCRAM-SHA-256, SCRAM-SHA-512, OAUTHBEARER`,
      );
  }
}
