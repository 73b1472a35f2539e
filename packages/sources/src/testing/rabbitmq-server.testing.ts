import { execFile } from "node:child_process";
import { randomBytes } from "node:crypto";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { delimiter, join } from "node:path";
import { promisify } from "node:util";
import { type Certificates, makeCertificates } from "./certificates.testing.ts";
import { type RabbitmqInstallation, rabbitmqHint, rabbitmqInstallations } from "./rabbitmq-installation.testing.ts";
import { freePorts, type ServerProcess, startProcess } from "./server-process.testing.ts";

/** Options of {@link startRabbitmq}. */
export interface RabbitmqOptions {
  /** Never the server of RABBITMQ_URL: for a test that stops it or uses `ctl`. Implied by all other options. */
  readonly own?: boolean;
  /** Also listens with TLS; a client may show a certificate. */
  readonly tls?: boolean;
  /** Whether the TLS listener insists on a client's certificate; default `requested`. */
  readonly clientCertificate?: "requested" | "required";
  /** More lines of rabbitmq.conf. */
  readonly settings?: Readonly<Record<string, string>>;
  /** Default: the installed one, else the newest of the cache; see rabbitmqInstallations. */
  readonly installation?: RabbitmqInstallation;
  /** Of AMQP without TLS; default a free one. */
  readonly port?: number;
  /** An administrator; default `rouse`. */
  readonly user?: string;
  /** Default: random. */
  readonly password?: string;
}

/**
 * A RabbitMQ node on the loopback address with an epmd of its own, in a temporary folder that goes with it. Disposing ends
 * both; they are ended with our process too. States: running ⇄ down → closed.
 */
export interface RabbitmqServer extends AsyncDisposable {
  /** `given` for the one of RABBITMQ_URL, which cannot be stopped. */
  readonly version: string;
  /** `amqp://`, with credentials. */
  readonly url: string;
  /** `amqps://localhost`, with credentials. */
  readonly tlsUrl: string | undefined;
  readonly host: string;
  readonly port: number;
  readonly tlsPort: number | undefined;
  readonly user: string;
  readonly password: string;
  readonly certificates: Certificates | undefined;
  /** Resolves when the present process has ended, with how. */
  readonly exited: Promise<string>;
  /** Ends it with SIGKILL. */
  kill(): Promise<void>;
  /** Ends it with SIGTERM. */
  stop(): Promise<void>;
  /** Starts it again on the same data and ports. */
  run(): Promise<void>;
  /** What rabbitmqctl prints; rejects when it fails. */
  ctl(...args: string[]): Promise<string>;
  /**
   * Makes the queues declared so far survive {@link kill}: RabbitMQ 3.10 writes down half a second later which log belongs
   * to a quorum queue, and one that it was killed before that is empty and without a leader when it comes back.
   */
  settle(): Promise<void>;
}

interface Node {
  readonly installation: RabbitmqInstallation;
  readonly folder: string;
  readonly ports: { readonly amqp: number; readonly tls: number; readonly distribution: number; readonly epmd: number };
}

const execute = promisify(execFile);
const startTimeoutMs = 90_000;
/** Erlang makes tables for, and closes, as many files as it may have open: seconds at the usual limits. */
const frugal = 'ulimit -n 2048; exec "$0"';
const ready = /completed with \d+ plugins/;

/** Starts RabbitMQ, or gives the server of RABBITMQ_URL; resolves when it serves. Throws with the way out when there is none. */
export async function startRabbitmq(options: RabbitmqOptions = {}): Promise<RabbitmqServer> {
  const given = process.env.RABBITMQ_URL;
  if (given && Object.keys(options).length === 0) return givenRabbitmq(given);
  const installation = options.installation ?? rabbitmqInstallations()[0];
  if (!installation) throw new Error(`no RabbitMQ here; ${rabbitmqHint}`);
  const folder = await mkdtemp(join(tmpdir(), "rouse-rabbitmq-"));
  const [amqp, tls, distribution, epmd] = (await freePorts(4)) as [number, number, number, number];
  const node: Node = { installation, folder, ports: { amqp: options.port ?? amqp, tls, distribution, epmd } };
  const names = await startNames(node);
  try {
    return await ownRabbitmq(node, names, options);
  } catch (failure) {
    await names.end("SIGTERM");
    await rm(folder, { recursive: true, force: true, maxRetries: 5 });
    throw failure;
  }
}

async function ownRabbitmq(node: Node, names: ServerProcess, options: RabbitmqOptions): Promise<RabbitmqServer> {
  const { installation, folder, ports } = node;
  const { user = "rouse", password = randomBytes(12).toString("hex"), tls = false } = options;
  const certificates = tls ? await makeCertificates(folder) : undefined;
  await writeFile(join(folder, "rabbitmq.conf"), configuration(node, options, user, password), { mode: 0o600 });
  await writeFile(join(folder, "enabled_plugins"), "[].\n");
  const start = async () => {
    const started = await startProcess({
      program: "/bin/sh",
      args: ["-c", frugal, join(installation.sbin, "rabbitmq-server")],
      env: environment(node),
      folder,
      temporaryFolder: folder,
      logFile: join(folder, "server.log"),
    });
    await started.logged(ready, startTimeoutMs).catch(async (failure) => {
      await started.end("SIGKILL");
      throw failure;
    });
    return started;
  };
  let running = await start();
  const credentials = `${encodeURIComponent(user)}:${encodeURIComponent(password)}`;
  return {
    version: installation.version,
    url: `amqp://${credentials}@127.0.0.1:${ports.amqp}`,
    tlsUrl: tls ? `amqps://${credentials}@localhost:${ports.tls}` : undefined,
    host: "127.0.0.1",
    port: ports.amqp,
    tlsPort: tls ? ports.tls : undefined,
    user,
    password,
    certificates,
    get exited() {
      return running.exited;
    },
    kill: () => running.end("SIGKILL"),
    stop: () => running.end("SIGTERM"),
    async run() {
      await running.end("SIGTERM");
      running = await start();
    },
    ctl: (...args) => ctl(node, args),
    async settle() {
      await ctl(node, ["eval", "[dets:sync(Table) || Table <- dets:all()]."]);
    },
    async [Symbol.asyncDispose]() {
      // Its data goes with it, so nothing is won by a shutdown in order.
      await running.end("SIGKILL");
      await names.end("SIGTERM");
      await rm(folder, { recursive: true, force: true, maxRetries: 5 });
    },
  };
}

async function ctl(node: Node, args: readonly string[]): Promise<string> {
  const program = join(node.installation.sbin, "rabbitmqctl");
  const { stdout } = await execute(program, ["--quiet", ...args], { env: environment(node), cwd: node.folder });
  return stdout;
}

/** An epmd of the node's own: the one on the default port would be shared with the whole machine and left behind. */
async function startNames(node: Node): Promise<ServerProcess> {
  return await startProcess({
    program: join(node.installation.erlang, "epmd"),
    args: ["-address", "127.0.0.1", "-port", String(node.ports.epmd)],
    env: environment(node),
    folder: node.folder,
    temporaryFolder: node.folder,
    logFile: join(node.folder, "epmd.log"),
  });
}

function environment({ installation, folder, ports }: Node): Record<string, string | undefined> {
  const loopback = "-kernel inet_dist_use_interface {127,0,0,1}";
  return {
    PATH: [installation.erlang, process.env.PATH].join(delimiter),
    HOME: folder,
    LANG: "C.UTF-8",
    ERL_EPMD_ADDRESS: "127.0.0.1",
    ERL_EPMD_PORT: String(ports.epmd),
    RABBITMQ_NODENAME: "rouse@localhost",
    RABBITMQ_NODE_IP_ADDRESS: "127.0.0.1",
    RABBITMQ_NODE_PORT: String(ports.amqp),
    RABBITMQ_DIST_PORT: String(ports.distribution),
    RABBITMQ_MNESIA_BASE: join(folder, "data"),
    RABBITMQ_LOG_BASE: join(folder, "log"),
    RABBITMQ_PID_FILE: join(folder, "rabbitmq.pid"),
    RABBITMQ_ENABLED_PLUGINS_FILE: join(folder, "enabled_plugins"),
    RABBITMQ_CONFIG_FILE: join(folder, "rabbitmq.conf"),
    RABBITMQ_ADVANCED_CONFIG_FILE: join(folder, "advanced.config"),
    RABBITMQ_CONF_ENV_FILE: "/dev/null",
    RABBITMQ_SERVER_START_ARGS: loopback,
    RABBITMQ_SERVER_ERL_ARGS: "+P 65536 +t 1048576 +sbwt none +sbwtdcpu none +sbwtdio none",
    ERL_MAX_PORTS: "4096",
    RABBITMQ_CTL_ERL_ARGS: loopback,
    // The script then becomes the server, instead of staying as its parent and passing signals on by rabbitmqctl.
    RUNNING_UNDER_SYSTEMD: "true",
  };
}

function configuration({ folder, ports }: Node, options: RabbitmqOptions, user: string, password: string): string {
  const lines: Record<string, string> = {
    default_user: user,
    default_pass: password,
    "disk_free_limit.absolute": "50MB",
  };
  if (options.tls) {
    lines["listeners.ssl.1"] = `127.0.0.1:${ports.tls}`;
    lines["ssl_options.cacertfile"] = join(folder, "ca.pem");
    lines["ssl_options.certfile"] = join(folder, "server.pem");
    lines["ssl_options.keyfile"] = join(folder, "server-key.pem");
    lines["ssl_options.verify"] = "verify_peer";
    lines["ssl_options.fail_if_no_peer_cert"] = String(options.clientCertificate === "required");
  }
  const all = Object.entries({ ...lines, ...options.settings });
  return all.map(([name, value]) => `${name} = ${value}\n`).join("");
}

function givenRabbitmq(given: string): RabbitmqServer {
  const url = new URL(given);
  const refuse = () => Promise.reject(new Error("the server of RABBITMQ_URL is not ours; use { own: true }"));
  return {
    version: "given",
    url: given,
    tlsUrl: undefined,
    host: url.hostname,
    port: Number(url.port || "5672"),
    tlsPort: undefined,
    user: decodeURIComponent(url.username || "guest"),
    password: decodeURIComponent(url.password || "guest"),
    certificates: undefined,
    exited: new Promise(() => undefined),
    kill: refuse,
    stop: refuse,
    run: refuse,
    ctl: refuse,
    settle: refuse,
    [Symbol.asyncDispose]: () => Promise.resolve(),
  };
}
