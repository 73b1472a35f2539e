export type {
  Activator,
  InstanceAcquired,
  InstanceChange,
  InstanceLease,
  InstanceLine,
  ServiceFailure,
  StartTimes,
  WorkloadStatus,
} from "./activator.ts";
export { createDockerDriver, type DockerDriver, type DockerDriverOptions } from "./driver/docker/docker-driver.ts";
export type {
  AvailableEngine,
  EngineNetwork,
  EngineState,
  UnavailableEngine,
} from "./driver/docker/engine-state.ts";
export type { OrphansRemoved, OwnerAlive } from "./driver/docker/remove-orphans.ts";
export type {
  Address,
  ContainerNetwork,
  ContainerProgram,
  Driver,
  InstanceExit,
  InstanceObserver,
  Launch,
  Launchable,
  LaunchOrder,
  ProcessProgram,
  Program,
  RunningInstance,
} from "./driver/driver.ts";
export { createProcessDriver, type ProcessDriverOptions } from "./driver/process/process-driver.ts";
export {
  hasEnded,
  ownIdentity,
  type ProcessIdentity,
  readIdentity,
  type SeenProcess,
  seeProcess,
  writeIdentity,
} from "./driver/process-identity.ts";
export { type DriversByKind, selectDriver } from "./driver/select-driver.ts";
export { type ServingCode, ServingFault } from "./errors.ts";
export type { Probe, Proof } from "./instance/readiness.ts";
export type { Keeper, KeptPhase, KeptProcess, KeptStatus } from "./keeper/keeper.ts";
export { createKeeper, type KeeperOptions } from "./keeper/local-keeper.ts";
export { type ActivatorOptions, createActivator } from "./local-activator.ts";
export { hereAlone, type Place, type Placed, type Placement } from "./placement.ts";
export { createTrafficActivator, type TrafficActivator } from "./traffic/traffic-activator.ts";
export type { TrafficShare } from "./traffic/traffic-share.ts";
export type { FolderChange, FolderWatch, FolderWatchOptions } from "./workdir/workdir-watch.ts";
export type { Workload } from "./workload.ts";
