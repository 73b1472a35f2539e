export { findNatsServer, type NatsServerBinary } from "@rouse/broker";
export { domainChecks } from "./checks.ts";
export {
  type AdminAccess,
  defaultConfig,
  isLoopback,
  type ListenAddress,
  type NatsAccess,
  type ServerConfig,
  type StorageConfig,
} from "./config.ts";
export { StoreFault } from "./errors.ts";
export type { TailEvent, TailLine } from "./observe/tail-line.ts";
export type { ServerInfo } from "./operations/operations-routes.ts";
export { adminTokenFile } from "./security/admin-token.ts";
export { certificateFiles } from "./security/certificate.ts";
export { ServerFault, type ServerFaultCode } from "./server-fault.ts";
export { version } from "./version.ts";
export { type RunningServer, type ServerParts, startServer } from "./wire.ts";
