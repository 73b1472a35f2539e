import { BlockList, isIPv4 } from "node:net";
import type { ContainerNetwork } from "../driver.ts";
import type { AvailableEngine } from "./engine-state.ts";

/** How a container is put on the network, and where it is then reached. */
export type NetworkChoice =
  /** Our own network: it is reached on loopback at a port that we assign. */
  | { readonly kind: "host" }
  /** A network of its own, whose addresses are reached from here. */
  | { readonly kind: "address" }
  /** A network of its own; its port is published on loopback. */
  | { readonly kind: "published" }
  | { readonly kind: "refused"; readonly message: string };

/** Chooses the network. `serves`: somebody connects to it; `ownAddresses`: of this machine's interfaces. */
export function chooseNetwork(
  asked: ContainerNetwork,
  serves: boolean,
  engine: AvailableEngine,
  ownAddresses: readonly string[],
): NetworkChoice {
  // Podman calls its own one so.
  const bridge = engine.networks.find(({ name, driver }) => driver === "bridge" && /^(bridge|podman)$/.test(name));
  switch (asked) {
    case "host":
      if (engine.local) return { kind: "host" };
      return { kind: "refused", message: `the host network of the engine at ${engine.endpoint} is not this machine's` };
    case "bridge":
      if (bridge) return bridged(bridge.subnets, engine, ownAddresses);
      return { kind: "refused", message: `the engine at ${engine.endpoint} has no bridge network` };
    case "auto":
      if (engine.local && !(bridge && serves)) return { kind: "host" };
      if (bridge) return bridged(bridge.subnets, engine, ownAddresses);
      return {
        kind: "refused",
        message: `the engine at ${engine.endpoint} has no bridge network, and its host network is not this machine's`,
      };
    default: {
      const unknown: never = asked;
      throw new TypeError(`unknown network ${unknown}`);
    }
  }
}

/** The engine's end of the bridge is an interface of ours, so what is on the bridge can be reached. */
function bridged(subnets: readonly string[], engine: AvailableEngine, ownAddresses: readonly string[]): NetworkChoice {
  const reached = engine.local && ownAddresses.some((address) => subnets.some((subnet) => contains(subnet, address)));
  return { kind: reached ? "address" : "published" };
}

function contains(subnet: string, address: string): boolean {
  const [net = "", bits = ""] = subnet.split("/");
  if (!isIPv4(net) || !isIPv4(address)) return false;
  const block = new BlockList();
  block.addSubnet(net, Number(bits), "ipv4");
  return block.check(address, "ipv4");
}
