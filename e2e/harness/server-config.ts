import type { BrokerTiming } from "@rouse/broker";
import { defaultConfig, type ServerConfig, type StorageConfig } from "@rouse/server";

/** For tests that kill: what a dead process held comes again soon. */
export const killTiming: BrokerTiming = {
  routerAckWaitMs: 3_000,
  laneAckWaitMs: 3_000,
  laneIdleMs: 300,
  spillAfterMs: 1_000,
  sweepEveryMs: 1_000,
};

/** What a test decides about a server process; the rest are defaults. Goes to it as JSON. */
export interface ProcessConfig {
  readonly storage: StorageConfig;
  readonly dataDir: string;
  readonly workdirBase: string;
  readonly dataPlanePort: number;
  readonly adminPort: number;
  readonly drainMs?: number;
  readonly brokerTiming?: Partial<BrokerTiming>;
  readonly secretKeyFile: string;
  /** Socket of the container engine. */
  readonly containerSocket?: string;
}

/** The whole configuration of a server process. */
export function serverConfig(config: ProcessConfig, faults?: (point: string) => void): ServerConfig {
  const host = "127.0.0.1";
  return {
    ...defaultConfig,
    dataDir: config.dataDir,
    workdirBase: config.workdirBase,
    storage: config.storage,
    secretKeyFile: config.secretKeyFile,
    dataPlane: { host, port: config.dataPlanePort },
    admin: { host, port: config.adminPort },
    drainMs: config.drainMs ?? 5_000,
    ...(config.containerSocket === undefined ? {} : { containerSocket: config.containerSocket }),
    ...(config.brokerTiming ? { brokerTiming: config.brokerTiming } : {}),
    ...(faults ? { faults } : {}),
  };
}

/** The one line that a server process prints once it answers. */
export interface ReadyLine {
  readonly dataPlane: string;
  readonly admin: string;
  readonly pid: number;
}
