import type { BrokerTiming } from "@rouse/broker";

/** Where a listener binds. Port 0 lets the system choose. */
export interface ListenAddress {
  readonly host: string;
  readonly port: number;
}

/** How to reach a NATS server that somebody else runs. */
export interface NatsAccess {
  readonly servers: readonly string[];
  readonly user?: string;
  readonly password?: string;
  readonly token?: string;
  /** Path of a credentials file. */
  readonly credentialsFile?: string;
  readonly tls?: { readonly caFile?: string; readonly certFile?: string; readonly keyFile?: string };
}

/** Where events and objects are kept. */
export type StorageConfig =
  | { readonly kind: "memory" }
  /** A nats-server of our own, on loopback, with its data below `dataDir`. */
  | { readonly kind: "managed"; readonly binary: string }
  | { readonly kind: "nats"; readonly access: NatsAccess };

/** Who may use the admin listener. */
export type AdminAccess =
  /** Plain HTTP, loopback only. */
  | { readonly kind: "open" }
  /** TLS with a certificate kept below `dataDir`, and the token in `dataDir/token` (mode 0600), both made at first start. */
  | { readonly kind: "token" };

/** Everything that decides how one rouse process runs. */
export interface ServerConfig {
  /** Prefix of every stream and bucket; default `rouse`. */
  readonly installation: string;
  /** Folder for what this process keeps: managed NATS data, token, certificate. */
  readonly dataDir: string;
  readonly storage: StorageConfig;
  /**
   * File with the 32 bytes that Secrets are sealed with. Default: with memory a key that ends with the process, with a
   * managed server one made below `dataDir`, with NATS servers of somebody else none: Secrets with values are refused.
   */
  readonly secretKeyFile?: string;
  /** The key before it: what was sealed with it can still be read. */
  readonly secretKeyFilePrevious?: string;
  readonly dataPlane: ListenAddress;
  /** Bearer token demanded on the data plane of everyone who is not on this machine; needed to bind beyond loopback. */
  readonly dataPlaneToken?: string;
  readonly admin: ListenAddress;
  readonly adminAccess: AdminAccess;
  /** Host names beside loopback that the admin listener answers to. */
  readonly adminHosts: readonly string[];
  /** Recycle instances when a file under their workdir changes. */
  readonly watchWorkdirs: boolean;
  /** Folder that a relative `rouse.dev/workdir` is resolved against; default the process's own. */
  readonly workdirBase: string;
  /** Socket of the container engine; default: DOCKER_HOST, else the usual sockets of Docker and Podman. */
  readonly containerSocket?: string;
  /** How long stopping may take in all, milliseconds; default 20,000. */
  readonly drainMs: number;
  readonly logLevel: "silent" | "error" | "warn" | "info" | "debug";
  /** The times of router and lanes, where they are not the measured defaults; tests that kill processes shorten them. */
  readonly brokerTiming?: Partial<BrokerTiming>;
  /** Called at named moments of the delivery protocol; for fault injection. */
  readonly faults?: (point: string) => void;
}

/** The defaults, for one machine and no protection beyond loopback. */
export const defaultConfig: Omit<ServerConfig, "dataDir" | "workdirBase"> = {
  installation: "rouse",
  storage: { kind: "memory" },
  dataPlane: { host: "127.0.0.1", port: 8080 },
  admin: { host: "127.0.0.1", port: 8081 },
  adminAccess: { kind: "open" },
  adminHosts: [],
  watchWorkdirs: false,
  drainMs: 20_000,
  logLevel: "warn",
};

/** True for addresses that only this machine can reach. */
export function isLoopback(host: string): boolean {
  return host === "localhost" || host === "::1" || host === "[::1]" || /^127(\.\d{1,3}){3}$/.test(host);
}
