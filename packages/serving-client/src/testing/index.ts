export { type Engine, type EngineOptions, startEngine } from "./container-engine.testing.ts";
export { type EngineAnswer, type EngineApi, engineApi } from "./engine-api.testing.ts";
export {
  type EngineInstallation,
  type EngineName,
  engineHint,
  engineInstallations,
  type FoundEngine,
  findEngine,
  podmanHint,
} from "./engine-installation.testing.ts";
export { foreignArchitecture, type ImageName } from "./root-file-system.testing.ts";
