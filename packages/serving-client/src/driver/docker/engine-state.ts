/** What an engine says of itself, as far as a start depends on it. */
export interface AvailableEngine {
  readonly kind: "available";
  readonly name: "docker" | "podman";
  readonly version: string;
  /** Version of the Docker Engine API that it speaks. */
  readonly api: string;
  /** Of the containers: `linux`. */
  readonly os: string;
  /** As images name it: `amd64`, `arm64`. */
  readonly arch: string;
  /** Socket or address that it was reached at. */
  readonly endpoint: string;
  /** It runs on this machine, as root, not in a virtual machine: its host network is ours. */
  readonly local: boolean;
  /** Images of other architectures run too, by emulation. */
  readonly emulates: boolean;
  /** Its networks of containers, such as `bridge`, without `host` and `none`. */
  readonly networks: readonly EngineNetwork[];
}

/** A network that containers can be put on. */
export interface EngineNetwork {
  readonly name: string;
  readonly driver: string;
  /** In CIDR notation: `172.17.0.0/16`. */
  readonly subnets: readonly string[];
}

/** There is no engine to be had; `reason` is `EngineUnavailable` or `EngineForbidden`, `hint` the way out. */
export interface UnavailableEngine {
  readonly kind: "unavailable";
  readonly reason: "EngineUnavailable" | "EngineForbidden";
  readonly message: string;
  readonly hint: string;
}

/** The engine, or why there is none. */
export type EngineState = AvailableEngine | UnavailableEngine;

/** Answers of `/version`, `/info` and `/networks`: only what is read of them. */
export interface EngineAnswers {
  readonly version: {
    readonly Version?: string;
    readonly ApiVersion?: string;
    readonly Os?: string;
    readonly Arch?: string;
    readonly Components?: readonly { readonly Name?: string }[];
  };
  readonly info: {
    readonly OperatingSystem?: string;
    readonly SecurityOptions?: readonly string[] | null;
    /** Podman's. */
    readonly Rootless?: boolean;
  };
  readonly networks: readonly {
    readonly Name?: string;
    readonly Driver?: string;
    readonly IPAM?: { readonly Config?: readonly { readonly Subnet?: string }[] | null } | null;
  }[];
}

/** How the engine was reached, from where. */
export interface EngineReach {
  readonly endpoint: string;
  readonly socket: boolean;
  readonly platform: NodeJS.Platform;
  /** This machine runs programs of other architectures (binfmt_misc). */
  readonly emulation: boolean;
}

/** What the engine's answers mean. */
export function engineState({ version, info, networks }: EngineAnswers, reach: EngineReach): AvailableEngine {
  const desktop = /docker desktop/i.test(info.OperatingSystem ?? "");
  const rootless = info.Rootless === true || (info.SecurityOptions ?? []).some((it) => it.includes("name=rootless"));
  const podman = version.Components?.some(({ Name }) => /podman/i.test(Name ?? "")) ?? false;
  const local = reach.socket && reach.platform === "linux" && !desktop && !rootless;
  return {
    kind: "available",
    name: podman ? "podman" : "docker",
    version: version.Version ?? "unknown",
    api: version.ApiVersion ?? "unknown",
    os: version.Os ?? "linux",
    arch: version.Arch ?? "unknown",
    endpoint: reach.endpoint,
    local,
    // What emulates inside of a virtual machine cannot be asked for; those of desktops do.
    emulates: desktop || reach.platform !== "linux" || reach.emulation,
    networks: networks
      .filter(({ Name }) => Name !== "host" && Name !== "none")
      .map(({ Name = "", Driver = "", IPAM }) => ({
        name: Name,
        driver: Driver,
        subnets: (IPAM?.Config ?? []).map(({ Subnet }) => Subnet).filter((it) => it !== undefined),
      })),
  };
}
