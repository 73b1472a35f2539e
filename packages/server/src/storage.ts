import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import type { NatsConnection } from "@nats-io/transport-node";
import { type Backoff, backoffDelayMs, type Clock, Scope, sleep } from "@rouse/base";
import {
  connectNats,
  createJetstreamEngine,
  createMemoryEngine,
  type Engine,
  type NatsOptions,
  type NatsServer,
  startNatsServer,
} from "@rouse/broker";
import type { TickLedger } from "@rouse/sources";
import type { ServerConfig } from "./config.ts";
import { SealedStore } from "./secrets/sealed-store.ts";
import { openSealingKeys } from "./secrets/secret-key.ts";
import { Vault } from "./secrets/vault.ts";
import { KvRegister } from "./store/kv-register.ts";
import { KvStore } from "./store/kv-store.ts";
import { MemoryRegister } from "./store/memory-register.ts";
import { MemoryStore } from "./store/memory-store.ts";
import type { Store } from "./store/port.ts";
import type { Register } from "./store/register.ts";
import { KvTickLedger, MemoryTickLedger } from "./store/tick-ledger.ts";

/** Everything that keeps something: events, objects, ticks. Disposing it closes all of it, a managed server last. */
export interface Storage extends AsyncDisposable {
  readonly kind: "memory" | "jetstream";
  readonly engine: Engine;
  /** Holds the values of Secrets sealed only. */
  readonly store: Store;
  /** Opens them. */
  readonly vault: Vault;
  readonly ledger: TickLedger;
  /** What the processes of the installation agree on. */
  readonly register: Register;
  /** Absent with the memory engine. */
  readonly nats: { readonly url: string; readonly version: string } | undefined;
  /** How it is reached, with its secrets; absent with the memory engine. */
  readonly access: NatsOptions | undefined;
}

const restartBackoff: Backoff = { policy: "exponential", delayMs: 100, capMs: 10_000, jitter: 0 };

type StorageConfig = Pick<
  ServerConfig,
  "storage" | "installation" | "dataDir" | "secretKeyFile" | "secretKeyFilePrevious"
>;

/** Storage before Secrets are sealed in it. */
type BareStorage = Omit<Storage, "vault">;

/**
 * Opens what the configuration names; `learn` is told of every value of a Secret that passes. Throws LogFault, StoreFault
 * or SecretFault when it cannot be reached or started.
 */
export async function openStorage(
  config: StorageConfig,
  clock: Clock,
  learn: (value: Buffer, key: string) => void,
): Promise<Storage> {
  const vault = new Vault({ keys: await openSealingKeys(config), learn });
  const bare = await openBare(config, clock);
  return { ...bare, store: new SealedStore(bare.store, vault), vault };
}

async function openBare(config: StorageConfig, clock: Clock): Promise<BareStorage> {
  switch (config.storage.kind) {
    case "memory":
      return memoryStorage(clock);
    case "managed": {
      const scope = new Scope();
      const storeDir = join(config.dataDir, "nats");
      await mkdir(storeDir, { recursive: true, mode: 0o700 });
      const server = await startNatsServer({ binary: config.storage.binary, storeDir, clock });
      scope.use(server);
      void keepRunning(server, scope.signal, clock);
      const access = { servers: [server.url], user: server.user, password: server.password };
      return jetstreamStorage(access, config.installation, clock, scope);
    }
    case "nats":
      return jetstreamStorage(config.storage.access, config.installation, clock, new Scope());
    default: {
      const unknown: never = config.storage;
      return unknown;
    }
  }
}

function memoryStorage(clock: Clock): BareStorage {
  const scope = new Scope();
  const engine = scope.use(createMemoryEngine({ clock }));
  const store = scope.use(new MemoryStore({ clock }));
  const ledger = new MemoryTickLedger();
  const register = scope.use(new MemoryRegister({ clock }));
  const none = { nats: undefined, access: undefined };
  return { kind: "memory", engine, store, ledger, register, ...none, [Symbol.asyncDispose]: () => scope.close() };
}

async function jetstreamStorage(
  access: NatsOptions,
  installation: string,
  clock: Clock,
  scope: Scope,
): Promise<BareStorage> {
  try {
    const connection: NatsConnection = await connectNats({ ...access, name: installation });
    scope.defer(() => connection.close());
    const prefix = installation.toUpperCase();
    const engine = scope.use(await createJetstreamEngine({ connection, clock }));
    const store = scope.use(await KvStore.open({ connection, clock, prefix }));
    const ledger = await KvTickLedger.open({ connection, prefix });
    const register = scope.use(await KvRegister.open({ connection, clock, prefix }));
    const nats = { url: withoutSecrets(access.servers[0] ?? ""), version: connection.info?.version ?? "unknown" };
    return {
      kind: "jetstream",
      engine,
      store,
      ledger,
      register,
      nats,
      access,
      [Symbol.asyncDispose]: () => scope.close(),
    };
  } catch (failure) {
    await scope.close().catch(() => undefined);
    throw failure;
  }
}

function withoutSecrets(url: string): string {
  return url.replace(/\/\/[^@/]*@/, "//");
}

/** A managed server that dies is started again, as often as it takes, until the scope closes. */
async function keepRunning(server: NatsServer, signal: AbortSignal, clock: Clock): Promise<void> {
  for (let attempt = 1; ; attempt++) {
    await server.exited;
    if (signal.aborted) return;
    try {
      await sleep(
        clock,
        backoffDelayMs(restartBackoff, attempt, () => 0),
        signal,
      );
      await server.restart();
      attempt = 0;
      // Closed while it started: nobody else will end it.
      if (signal.aborted) return await server.kill("SIGTERM");
    } catch {
      if (signal.aborted) return;
    }
  }
}
