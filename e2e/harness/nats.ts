import { mkdtemp, readdir, rm } from "node:fs/promises";
import { homedir, tmpdir } from "node:os";
import { join } from "node:path";
import { connectNats, findNatsServer, type NatsServer, type NatsServerBinary, startNatsServer } from "@rouse/broker";
import { describe, test } from "vitest";

export type { NatsServer, NatsServerBinary };

const installHint =
  "no nats-server found: put one on PATH, name it in ROUSE_NATS_SERVER, or unpack it to ~/.cache/rouse/nats-server/<version>/nats-server";

/** Every distinct version of nats-server on this machine, oldest first. */
export async function natsServers(): Promise<readonly NatsServerBinary[]> {
  const folder = join(cacheFolder(process.env), "nats-server");
  const entries = await readdir(folder).catch(() => []);
  const found = [await findNatsServer(process.env)];
  for (const entry of entries) {
    found.push(await findNatsServer({ ROUSE_NATS_SERVER: join(folder, entry, "nats-server") }));
  }
  const byVersion = new Map<string, NatsServerBinary>();
  for (const one of found) if (one && !byVersion.has(one.version)) byVersion.set(one.version, one);
  return [...byVersion.values()].sort((a, b) => a.version.localeCompare(b.version, "en", { numeric: true }));
}

function cacheFolder(env: NodeJS.ProcessEnv): string {
  return env.ROUSE_CACHE || join(env.XDG_CACHE_HOME || join(homedir(), ".cache"), "rouse");
}

/** Runs a suite once for each version; without any it is skipped visibly, and fails where CI is `true`. */
export async function withNatsServers(name: string, suite: (binary: NatsServerBinary) => void): Promise<void> {
  const servers = await natsServers();
  for (const server of servers) describe(`nats-server ${server.version}`, () => suite(server));
  if (servers.length > 0) return;
  if (process.env.CI === "true") {
    test(name, () => {
      throw new Error(installHint);
    });
  } else test.skip(`${name}: ${installHint}`, () => {});
}

/** What a server process needs to find a nats-server. */
export interface NatsAddress {
  readonly url: string;
  readonly user: string;
  readonly password: string;
}

/** A nats-server of one test, in a folder that goes with it. Kill and restart keep port and data. */
export async function startNats(binary: NatsServerBinary): Promise<NatsServer> {
  const storeDir = await mkdtemp(join(tmpdir(), "rouse-e2e-nats-"));
  const server = await startNatsServer({ binary: binary.binary, storeDir });
  const dispose = async () => {
    await server[Symbol.asyncDispose]();
    await rm(storeDir, { recursive: true, force: true, maxRetries: 5 });
  };
  return Object.defineProperties({} as NatsServer, {
    ...Object.getOwnPropertyDescriptors(server),
    [Symbol.asyncDispose]: { value: dispose },
  });
}

/** A message of a stream, as NATS keeps it. */
export interface RawMessage {
  readonly subject: string;
  readonly sequence: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly data: Buffer;
}

/** A client that looks past rouse at what is stored, and puts in what rouse did not write. */
export interface RawNats extends AsyncDisposable {
  publish(subject: string, data: string | Uint8Array): void;
  flush(): Promise<void>;
  /** One message of a stream; undefined when it is not there. */
  message(stream: string, sequence: number): Promise<RawMessage | undefined>;
  /** Every stream, those of KV buckets too. */
  streams(): Promise<readonly string[]>;
  /** Every message of a stream, in order. */
  messages(stream: string): Promise<readonly RawMessage[]>;
  /** How many messages a stream holds; undefined when there is no such stream. */
  count(stream: string): Promise<number | undefined>;
  /** Messages of a stream's durables that are handed out, or not handed out yet. */
  outstanding(stream: string): Promise<number>;
}

interface ApiAnswer {
  readonly error?: { readonly code: number; readonly description: string };
  readonly state?: { readonly messages: number; readonly first_seq: number; readonly last_seq: number };
  readonly streams?: readonly string[];
  readonly consumers?: readonly ConsumerInfo[];
  readonly message?: { readonly subject: string; readonly seq: number; readonly hdrs?: string; readonly data?: string };
}

interface ConsumerInfo {
  readonly num_pending: number;
  readonly num_ack_pending: number;
}

/** Connects past rouse. */
export async function connectRaw(server: NatsAddress): Promise<RawNats> {
  const connection = await connectNats({ servers: [server.url], user: server.user, password: server.password });
  const api = async (path: string, body: object = {}): Promise<ApiAnswer> => {
    const answer = await connection.request(`$JS.API.${path}`, JSON.stringify(body), { timeout: 5_000 });
    return answer.json<ApiAnswer>();
  };
  const consumers = async (stream: string) => (await api(`CONSUMER.LIST.${stream}`)).consumers ?? [];
  const message = async (stream: string, sequence: number) => {
    const { message: found } = await api(`STREAM.MSG.GET.${stream}`, { seq: sequence });
    if (found === undefined) return undefined;
    const { subject, seq, hdrs = "", data = "" } = found;
    return { subject, sequence: seq, headers: headersOf(hdrs), data: Buffer.from(data, "base64") };
  };
  return {
    publish: (subject, data) => connection.publish(subject, data),
    flush: () => connection.flush(),
    message,
    streams: async () => (await api("STREAM.NAMES")).streams ?? [],
    async messages(stream) {
      const { state } = await api(`STREAM.INFO.${stream}`);
      const found: RawMessage[] = [];
      for (let sequence = state?.first_seq ?? 1; state && sequence <= state.last_seq; sequence++) {
        const one = await message(stream, sequence);
        if (one) found.push(one);
      }
      return found;
    },
    count: async (stream) => (await api(`STREAM.INFO.${stream}`)).state?.messages,
    async outstanding(stream) {
      let sum = 0;
      for (const each of await consumers(stream)) sum += each.num_pending + each.num_ack_pending;
      return sum;
    },
    [Symbol.asyncDispose]: () => connection.close(),
  };
}

/** The header block of a stored message, which the API gives in base64. */
function headersOf(block: string): Record<string, string> {
  const headers: Record<string, string> = {};
  for (const line of Buffer.from(block, "base64").toString("utf8").split("\r\n").slice(1)) {
    const at = line.indexOf(":");
    if (at > 0) headers[line.slice(0, at).toLowerCase()] = line.slice(at + 1).trim();
  }
  return headers;
}
