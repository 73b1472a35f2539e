import { defaultConfig, type ServerConfig, type StorageConfig } from "@rouse/server";

/** What a test decides about a server process; the rest are defaults. Goes to it as JSON. */
export interface ProcessConfig {
  readonly storage: StorageConfig;
  readonly dataDir: string;
  readonly workdirBase: string;
  readonly dataPlanePort: number;
  readonly adminPort: number;
  readonly drainMs?: number;
}

/** The whole configuration of a server process. */
export function serverConfig(config: ProcessConfig, faults?: (point: string) => void): ServerConfig {
  const host = "127.0.0.1";
  return {
    ...defaultConfig,
    dataDir: config.dataDir,
    workdirBase: config.workdirBase,
    storage: config.storage,
    dataPlane: { host, port: config.dataPlanePort },
    admin: { host, port: config.adminPort },
    drainMs: config.drainMs ?? 5_000,
    ...(faults ? { faults } : {}),
  };
}

/** The one line that a server process prints once it answers. */
export interface ReadyLine {
  readonly dataPlane: string;
  readonly admin: string;
  readonly pid: number;
}
