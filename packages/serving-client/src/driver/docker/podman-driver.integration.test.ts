import { findEngine, startEngine } from "../../testing/index.ts";
import { containerConformance } from "./containers.conformance.ts";

containerConformance("docker driver on podman", {
  found: findEngine({ own: true, engine: "podman" }) !== undefined,
  start: () => startEngine({ engine: "podman" }),
  engine: "podman",
  toldLog: {},
});
