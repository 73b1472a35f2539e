import { randomBytes } from "node:crypto";
import { existsSync } from "node:fs";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Kafka, logLevel } from "kafkajs";
import { type Certificates, makeCertificates } from "./certificates.testing.ts";
import { type KafkaInstallation, kafkaHint, kafkaInstallations } from "./kafka-installation.testing.ts";
import { kafkaProperties } from "./kafka-settings.testing.ts";
import { freePorts, type ServerProcess, startProcess } from "./server-process.testing.ts";

/** Options of {@link startKafka}. */
export interface KafkaOptions {
  /** Never the server of KAFKA_BOOTSTRAP: for a test that stops it. Implied by all other options. */
  readonly own?: boolean;
  /** Also opens a SASL_PLAINTEXT listener: PLAIN, SCRAM-SHA-256, SCRAM-SHA-512, OAUTHBEARER with unsigned tokens. */
  readonly sasl?: boolean;
  /** Also opens an SSL listener, with `sasl` a SASL_SSL one too. */
  readonly tls?: boolean;
  /** Whether the SSL listener insists on a client's certificate; default `requested`. */
  readonly clientCertificate?: "requested" | "required";
  /** More lines of server.properties. */
  readonly settings?: Readonly<Record<string, string>>;
  /** Default: the newest; see kafkaInstallations. */
  readonly installation?: KafkaInstallation;
  /** Writes the classes file of the installation when it is stopped. */
  readonly writeClasses?: boolean;
  /** Of the PLAINTEXT listener; default a free one. */
  readonly port?: number;
}

/**
 * An Apache Kafka broker of one node on the loopback address, in a temporary folder that goes with it. Disposing ends it;
 * it is ended with our process too. States: running ⇄ down → closed.
 */
export interface KafkaServer extends AsyncDisposable {
  /** `given` for the one of KAFKA_BOOTSTRAP, which cannot be stopped. */
  readonly version: string;
  /** Without encryption or credentials, `host:port`. */
  readonly bootstrap: string;
  readonly saslBootstrap: string | undefined;
  readonly tlsBootstrap: string | undefined;
  readonly saslTlsBootstrap: string | undefined;
  /** For all SASL mechanisms. */
  readonly user: string;
  readonly password: string;
  readonly certificates: Certificates | undefined;
  /** Resolves when the present process has ended, with how. */
  readonly exited: Promise<string>;
  /** An unsigned OAUTHBEARER token of the user, valid for an hour or for the seconds given. */
  token(seconds?: number): string;
  /** Ends it with SIGKILL. */
  kill(): Promise<void>;
  /** Ends it with SIGTERM. */
  stop(): Promise<void>;
  /** Starts it again on the same data and ports. */
  run(): Promise<void>;
  createTopic(topic: string, numPartitions?: number): Promise<void>;
  deleteTopic(topic: string): Promise<void>;
}

const startTimeoutMs = 60_000;
const ready = /Kafka Server started/;

/** Starts Kafka, or gives the server of KAFKA_BOOTSTRAP; resolves when it serves. Throws with the way out when there is none. */
export async function startKafka(options: KafkaOptions = {}): Promise<KafkaServer> {
  const given = process.env.KAFKA_BOOTSTRAP;
  if (given && Object.keys(options).length === 0) return givenKafka(given);
  const installation = options.installation ?? kafkaInstallations()[0];
  if (!installation) throw new Error(`no Kafka here; ${kafkaHint}`);
  const folder = await mkdtemp(join(tmpdir(), "rouse-kafka-"));
  try {
    return await ownKafka(installation, folder, options);
  } catch (failure) {
    await rm(folder, { recursive: true, force: true });
    throw failure;
  }
}

async function ownKafka(installation: KafkaInstallation, folder: string, options: KafkaOptions): Promise<KafkaServer> {
  const { sasl = false, tls = false, clientCertificate = "requested", settings: more = {} } = options;
  const [plain, controller, saslPort, tlsPort, saslTls] = (await freePorts(5)) as [
    number,
    number,
    number,
    number,
    number,
  ];
  const ports = { plain: options.port ?? plain, controller, sasl: saslPort, tls: tlsPort, saslTls };
  const [user, password] = ["rouse", randomBytes(12).toString("hex")];
  const certificates = tls ? await makeCertificates(folder) : undefined;
  if (certificates) {
    const { key, cert } = certificates.server;
    await writeFile(join(folder, "server-keystore.pem"), `${key}${cert}`, { mode: 0o600 });
  }
  const text = kafkaProperties({ folder, ports, sasl, tls, clientCertificate, user, password, more });
  await writeFile(join(folder, "server.properties"), text, { mode: 0o600 });
  await format(installation, folder, sasl ? { user, password } : undefined);
  const start = async () => {
    const classes = options.writeClasses ? [`-XX:ArchiveClassesAtExit=${installation.classes}`] : sharing(installation);
    const started = await java(installation, folder, [...classes, "kafka.Kafka", "server.properties"], "server.log");
    await started.logged(ready, startTimeoutMs).catch(async (failure) => {
      await started.end("SIGKILL");
      throw failure;
    });
    return started;
  };
  let running = await start();
  const at = (port: number, open: boolean) => (open ? `127.0.0.1:${port}` : undefined);
  return {
    version: installation.version,
    bootstrap: `127.0.0.1:${ports.plain}`,
    saslBootstrap: at(ports.sasl, sasl),
    tlsBootstrap: at(ports.tls, tls),
    saslTlsBootstrap: at(ports.saslTls, sasl && tls),
    user,
    password,
    certificates,
    get exited() {
      return running.exited;
    },
    token: (seconds = 3600) => unsignedToken(user, seconds),
    kill: () => running.end("SIGKILL"),
    stop: () => running.end("SIGTERM"),
    async run() {
      await running.end("SIGTERM");
      running = await start();
    },
    ...topicsOf(`127.0.0.1:${ports.plain}`),
    async [Symbol.asyncDispose]() {
      // Its data goes with it, so nothing is won by a shutdown in order.
      await running.end("SIGKILL");
      await rm(folder, { recursive: true, force: true, maxRetries: 5 });
    },
  };
}

function givenKafka(bootstrap: string): KafkaServer {
  const refuse = () =>
    Promise.reject(new Error("the server of KAFKA_BOOTSTRAP is not ours to stop; use { own: true }"));
  return {
    version: "given",
    bootstrap,
    saslBootstrap: undefined,
    tlsBootstrap: undefined,
    saslTlsBootstrap: undefined,
    user: "",
    password: "",
    certificates: undefined,
    exited: new Promise(() => undefined),
    token: (seconds = 3600) => unsignedToken("rouse", seconds),
    kill: refuse,
    stop: refuse,
    run: refuse,
    ...topicsOf(bootstrap),
    [Symbol.asyncDispose]: () => Promise.resolve(),
  };
}

/** Writes the cluster's id and the SCRAM credentials into the data folder. */
async function format(
  installation: KafkaInstallation,
  folder: string,
  scram: { readonly user: string; readonly password: string } | undefined,
): Promise<void> {
  // With a letter first: an id that begins with a dash would be taken for an option.
  const id = `r${randomBytes(16).toString("base64url").slice(1)}`;
  const users = scram
    ? ["SCRAM-SHA-256", "SCRAM-SHA-512"].flatMap((mechanism) => [
        "--add-scram",
        `${mechanism}=[name=${scram.user},password=${scram.password}]`,
      ])
    : [];
  const args = [
    ...sharing(installation),
    "kafka.tools.StorageTool",
    "format",
    "-t",
    id,
    "-c",
    "server.properties",
    ...users,
  ];
  const process = await java(installation, folder, args, "format.log");
  const how = await process.exited;
  if (how === "exit code 0") return;
  throw new Error(
    `expected Kafka to format ${folder}, it ended with ${how}:\n${await readFile(join(folder, "format.log"), "utf8")}`,
  );
}

/** Without the file Java starts as it would anyway; with one of another Java too. */
function sharing({ classes }: KafkaInstallation): readonly string[] {
  return existsSync(classes) ? [`-XX:SharedArchiveFile=${classes}`] : [];
}

function java(
  { java: program, libs }: KafkaInstallation,
  folder: string,
  args: readonly string[],
  log: string,
): Promise<ServerProcess> {
  const machine = ["-Xmx384m", "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1", "-Djava.awt.headless=true"];
  return startProcess({
    program,
    args: [...machine, "-cp", join(libs, "*"), ...args],
    env: { PATH: process.env.PATH, HOME: folder, LANG: "C.UTF-8" },
    folder,
    temporaryFolder: folder,
    logFile: join(folder, log),
  });
}

function unsignedToken(subject: string, seconds: number): string {
  const part = (value: object) => Buffer.from(JSON.stringify(value)).toString("base64url");
  const now = Math.floor(Date.now() / 1000);
  return `${part({ alg: "none" })}.${part({ sub: subject, iat: now, exp: now + seconds })}.`;
}

function topicsOf(bootstrap: string): Pick<KafkaServer, "createTopic" | "deleteTopic"> {
  const withAdmin = async (act: (admin: ReturnType<Kafka["admin"]>) => Promise<unknown>) => {
    const admin = new Kafka({ brokers: [bootstrap], clientId: "rouse-testing", logLevel: logLevel.NOTHING }).admin();
    await admin.connect();
    try {
      await act(admin);
    } finally {
      await admin.disconnect();
    }
  };
  return {
    createTopic: (topic, numPartitions = 1) =>
      withAdmin((admin) => admin.createTopics({ topics: [{ topic, numPartitions }], waitForLeaders: true })),
    deleteTopic: (topic) => withAdmin((admin) => admin.deleteTopics({ topics: [topic] })),
  };
}
