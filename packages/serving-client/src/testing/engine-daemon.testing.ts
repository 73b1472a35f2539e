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
}

const overlayFileSystem = 0x794c7630;

/** dockerd, which starts its containerd itself. It leaves the machine's packet filters and routes alone. */
export function dockerDaemon(place: DaemonPlace): DaemonCommand {
  const { installation, folder, socketPath, cgroup, bridge = "none" } = place;
  const args = ["--data-root", join(folder, "data"), "--exec-root", join(folder, "exec")];
  args.push("--pidfile", join(folder, "pid"), "--config-file", join(folder, "daemon.json"));
  args.push("--host", `unix://${socketPath}`, "--bridge", bridge, "--cgroup-parent", `/${cgroup}`);
  args.push("--iptables=false", "--ip6tables=false", "--ip-forward=false", "--ip-masq=false");
  args.push("--storage-driver", storageDriver(folder), "--init-path", join(installation.root, "usr/bin/tini-static"));
  writeFileSync(join(folder, "daemon.json"), "{}\n");
  const program = join(installation.root, "usr/sbin/dockerd");
  const libraries = lackedLibraries(installation.root, program);
  return { program, args, env: environment(installation, folder), libraries };
}

/** An overlay does not stack on an overlay, which is what the file system inside of most containers is. */
function storageDriver(folder: string): "overlay2" | "vfs" {
  return statfsSync(folder).type === overlayFileSystem ? "vfs" : "overlay2";
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
