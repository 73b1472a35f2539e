import type { RabbitmqConnection } from "@rouse/sources";
import { type ConnectionSecrets, secretTexts } from "./secret-values.ts";

/** The connection that a `connectionSecret` describes; a host alone is taken as Knative writes it. */
export async function rabbitmqConnection(
  secret: string,
  vhost: string | undefined,
  namespace: string,
  secrets: ConnectionSecrets,
): Promise<RabbitmqConnection> {
  const texts = await secretTexts(secrets, namespace, secret);
  const text = (key: string) => texts.optional(key)?.trim();
  const uri = texts.required("uri", "amqp://user:password@host:5672/vhost").trim();
  const [ca, cert, key] = ["ca.crt", "tls.crt", "tls.key"].map(text);
  const port = text("port");
  return {
    uri: /^[a-z]+:\/\//i.test(uri) ? uri : `${ca || cert ? "amqps" : "amqp"}://${uri}${port ? `:${port}` : ""}`,
    user: text("username"),
    password: texts.optional("password"),
    vhost,
    tls: ca || cert || key ? { ca, cert, key } : undefined,
  };
}
