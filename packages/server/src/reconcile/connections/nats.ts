import { readFile } from "node:fs/promises";
import type { NatsOptions } from "@rouse/broker";
import type { NatsSourceConnection } from "@rouse/sources";
import { type ConnectionSecrets, secretTexts } from "./secret-values.ts";

/** The connection of a NatsSource: servers of its own with what its Secret says, else the NATS that rouse is kept on. */
export async function natsConnection(
  servers: readonly string[] | undefined,
  secret: string | undefined,
  namespace: string,
  { secrets, own }: { readonly secrets: ConnectionSecrets; readonly own: NatsOptions | undefined },
): Promise<NatsSourceConnection> {
  if (servers === undefined && own === undefined) {
    throw new Error("spec.servers is needed: this server keeps its events in memory and has no NATS of its own");
  }
  const base: NatsSourceConnection = servers === undefined ? await connectionOfOptions(own!) : { servers };
  if (secret === undefined) return base;
  const texts = await secretTexts(secrets, namespace, secret);
  const text = (key: string) => texts.optional(key)?.trim();
  const [ca, cert, key] = ["ca.crt", "tls.crt", "tls.key"].map(text);
  return {
    servers: base.servers,
    user: text("user"),
    password: texts.optional("password"),
    token: text("token"),
    credentials: texts.optional("creds"),
    tls: ca || cert || key ? { ca, cert, key } : undefined,
  };
}

async function connectionOfOptions(options: NatsOptions): Promise<NatsSourceConnection> {
  const text = (file: string | undefined) => (file === undefined ? undefined : readFile(file, "utf8"));
  const { servers, user, password, token, credentialsFile, tls } = options;
  const [credentials, ca, cert, key] = await Promise.all(
    [credentialsFile, tls?.caFile, tls?.certFile, tls?.keyFile].map(text),
  );
  return { servers, user, password, token, credentials, tls: tls && { ca, cert, key } };
}
