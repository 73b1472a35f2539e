import { join } from "node:path";

/** What the settings of a test's Kafka depend on. */
export interface KafkaSettings {
  readonly folder: string;
  readonly ports: {
    readonly plain: number;
    readonly controller: number;
    readonly sasl: number;
    readonly tls: number;
    readonly saslTls: number;
  };
  readonly sasl: boolean;
  readonly tls: boolean;
  /** Whether the TLS listener wants a client's certificate. */
  readonly clientCertificate: "requested" | "required";
  readonly user: string;
  readonly password: string;
  /** Put last, so that they win. */
  readonly more: Readonly<Record<string, string>>;
}

const mechanisms = ["PLAIN", "SCRAM-SHA-256", "SCRAM-SHA-512", "OAUTHBEARER"];

/** The text of server.properties for one node that is broker and controller. */
export function kafkaProperties(settings: KafkaSettings): string {
  const { ports, folder, more } = settings;
  const listeners = [
    ["PLAINTEXT", ports.plain, true],
    ["SASL_PLAINTEXT", ports.sasl, settings.sasl],
    ["SSL", ports.tls, settings.tls],
    ["SASL_SSL", ports.saslTls, settings.sasl && settings.tls],
  ] as const;
  const open = listeners.filter(([, , wanted]) => wanted).map(([name, port]) => `${name}://127.0.0.1:${port}`);
  const controller = `CONTROLLER://127.0.0.1:${ports.controller}`;
  const properties: Record<string, string> = {
    "process.roles": "broker,controller",
    "node.id": "1",
    "controller.quorum.voters": `1@127.0.0.1:${ports.controller}`,
    "controller.listener.names": "CONTROLLER",
    "listener.security.protocol.map": ["CONTROLLER:PLAINTEXT", ...listeners.map(([name]) => `${name}:${name}`)].join(
      ",",
    ),
    listeners: [...open, controller].join(","),
    "advertised.listeners": open.join(","),
    "inter.broker.listener.name": "PLAINTEXT",
    "log.dirs": join(folder, "data"),
    "num.partitions": "1",
    "default.replication.factor": "1",
    "group.initial.rebalance.delay.ms": "0",
    "group.min.session.timeout.ms": "1000",
    "offsets.topic.num.partitions": "1",
    "offsets.topic.replication.factor": "1",
    "transaction.state.log.num.partitions": "1",
    "transaction.state.log.replication.factor": "1",
    "transaction.state.log.min.isr": "1",
    "share.coordinator.state.topic.num.partitions": "1",
    "share.coordinator.state.topic.replication.factor": "1",
    "share.coordinator.state.topic.min.isr": "1",
    // After SIGKILL the controller lets the broker in again when the session of its predecessor is over.
    "broker.session.timeout.ms": "3000",
    "broker.heartbeat.interval.ms": "500",
    "log.cleaner.dedupe.buffer.size": "2097152",
    ...(settings.sasl ? saslProperties(settings) : {}),
    ...(settings.tls ? tlsProperties(settings) : {}),
    ...more,
  };
  return Object.entries(properties)
    .map(([name, value]) => `${name}=${value}\n`)
    .join("");
}

function saslProperties({ user, password }: KafkaSettings): Record<string, string> {
  const security = "org.apache.kafka.common.security";
  const jaas: Record<string, string> = {
    plain: `${security}.plain.PlainLoginModule required user_${user}="${password}";`,
    "scram-sha-256": `${security}.scram.ScramLoginModule required;`,
    "scram-sha-512": `${security}.scram.ScramLoginModule required;`,
    oauthbearer: `${security}.oauthbearer.OAuthBearerLoginModule required unsecuredLoginStringClaim_sub="${user}";`,
  };
  const entries = ["sasl_plaintext", "sasl_ssl"].flatMap((listener) =>
    Object.entries(jaas).map(([name, value]) => [`listener.name.${listener}.${name}.sasl.jaas.config`, value] as const),
  );
  return { "sasl.enabled.mechanisms": mechanisms.join(","), ...Object.fromEntries(entries) };
}

function tlsProperties({ folder, clientCertificate }: KafkaSettings): Record<string, string> {
  return {
    "ssl.keystore.type": "PEM",
    "ssl.keystore.location": join(folder, "server-keystore.pem"),
    "ssl.truststore.type": "PEM",
    "ssl.truststore.location": join(folder, "ca.pem"),
    "listener.name.ssl.ssl.client.auth": clientCertificate,
  };
}
