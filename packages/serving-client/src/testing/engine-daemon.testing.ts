import { spawnSync } from "node:child_process";
import { existsSync, mkdirSync, statfsSync, writeFileSync } from "node:fs";
import { delimiter, join } from "node:path";
import type { EngineInstallation } from "./engine-installation.testing.ts";

/** Where a daemon keeps what, and what it listens on. */
export interface DaemonPlace {
  readonly installation: EngineInstallation;
  /** Temporary; holds everything of this daemon. */
  readonly folder: string;
  readonly socketPath: string;
  /** Parent of the cgroups of its containers. */
  readonly cgroup: string;
  /** The bridge that containers are put on when they name no network; undefined: they have none. */
  readonly bridge: string | undefined;
}

/** How a daemon is started. */
export interface DaemonCommand {
  readonly program: string;
  readonly args: readonly string[];
  readonly env: Readonly<Record<string, string>>;
  /** Folders of libraries to be found after the machine's. */
  readonly libraries: readonly string[];
  /** Folders of the machine that it writes to in spite of its settings. */
  readonly hidden: readonly string[];
}

const overlayFileSystem = 0x794c7630;

/** The daemon of an installation, with its settings written into its folder. */
export function engineDaemon(place: DaemonPlace): DaemonCommand {
  const { installation, folder, socketPath } = place;
  const own = installation.name === "docker" ? dockerd(place) : podman(place);
  const libraries = lackedLibraries(installation.root, own.program);
  const hidden = ["/run", "/var/lib"].filter((at) => [folder, socketPath].every((path) => !path.startsWith(`${at}/`)));
  return { ...own, env: { ...environment(installation, folder), ...own.env }, libraries, hidden };
}

/** dockerd, which starts its containerd itself. It leaves the machine's packet filters and routes alone. */
function dockerd(place: DaemonPlace): Pick<DaemonCommand, "program" | "args" | "env"> {
  const { installation, folder, socketPath, cgroup, bridge = "none" } = place;
  const args = ["--data-root", join(folder, "data"), "--exec-root", join(folder, "exec")];
  args.push("--pidfile", join(folder, "pid"), "--config-file", join(folder, "daemon.json"));
  args.push("--host", `unix://${socketPath}`, "--bridge", bridge, "--cgroup-parent", `/${cgroup}`);
  args.push("--iptables=false", "--ip6tables=false", "--ip-forward=false", "--ip-masq=false");
  args.push("--storage-driver", stacks(folder) ? "overlay2" : "vfs");
  writeFileSync(join(folder, "daemon.json"), "{}\n");
  return { program: join(installation.root, "usr/sbin/dockerd"), args, env: {} };
}

/**
 * Podman's service. runc, because crun refuses a machine with both versions of cgroups; limits that a machine without
 * CAP_SYS_RESOURCE can set; locks in files, which go with the folder.
 */
function podman({ installation, folder, socketPath }: DaemonPlace): Pick<DaemonCommand, "program" | "args" | "env"> {
  const at = (path: string) => JSON.stringify(join(installation.root, path));
  const settings = `[containers]
default_ulimits = ["nofile=20000:20000", "nproc=32768:32768"]
seccomp_profile = ${at("usr/share/containers/seccomp.json")}
[engine]
runtime = "runc"
cgroup_manager = "cgroupfs"
events_logger = "file"
lock_type = "file"
compat_api_enforce_docker_hub = false
conmon_path = [${at("usr/bin/conmon")}]
helper_binaries_dir = [${at("usr/lib/podman")}, ${at("usr/libexec/podman")}]
init_path = ${at("usr/libexec/podman/catatonit")}
tmp_dir = ${JSON.stringify(join(folder, "libpod"))}
[engine.runtimes]
runc = [${at("usr/sbin/runc")}]
[network]
network_backend = "netavark"
network_config_dir = ${JSON.stringify(join(folder, "networks"))}
`;
  const configuration = join(folder, ".config", "containers");
  mkdirSync(configuration, { recursive: true });
  writeFileSync(join(configuration, "containers.conf"), settings);
  writeFileSync(join(configuration, "registries.conf"), "");
  writeFileSync(join(configuration, "policy.json"), '{"default":[{"type":"insecureAcceptAnything"}]}\n');
  const args = ["--root", join(folder, "data"), "--runroot", join(folder, "exec")];
  args.push("--storage-driver", stacks(folder) ? "overlay" : "vfs");
  args.push("system", "service", "--time", "0", `unix://${socketPath}`);
  const env = {
    CONTAINERS_CONF: join(configuration, "containers.conf"),
    CONTAINERS_REGISTRIES_CONF: join(configuration, "registries.conf"),
  };
  return { program: join(installation.root, "usr/bin/podman"), args, env };
}

/** An overlay does not stack on an overlay, which is what the file system inside of most containers is. */
function stacks(folder: string): boolean {
  return statfsSync(folder).type !== overlayFileSystem;
}

function environment({ root }: EngineInstallation, folder: string): Record<string, string> {
  const temporary = join(folder, "tmp");
  mkdirSync(temporary, { recursive: true });
  const path = [join(root, "usr/bin"), join(root, "usr/sbin"), process.env.PATH ?? "", "/usr/sbin", "/sbin"];
  return { PATH: path.join(delimiter), HOME: folder, TMPDIR: temporary };
}

/** The unpacked libraries, where the machine lacks one that a program is linked to. */
function lackedLibraries(root: string, program: string): readonly string[] {
  if (!spawnSync("ldd", [program], { encoding: "utf8" }).stdout?.includes("not found")) return [];
  const multiarch = process.arch === "arm64" ? "aarch64-linux-gnu" : "x86_64-linux-gnu";
  return ["usr/lib", "lib"].map((lib) => join(root, lib, multiarch)).filter((folder) => existsSync(folder));
}
