import { spawn } from "node:child_process";
import { once } from "node:events";

/** What a lifeline leaves nothing of. */
export interface LifelineOptions {
  /** Removed, with everything that is mounted in it nowhere but in the daemon's own mount namespace. */
  readonly folder: string;
  /** Removed from every hierarchy of cgroups. */
  readonly cgroup: string;
  /** Network device to remove. */
  readonly bridge: string;
  /** Program that removes network devices: not every machine has `ip`. */
  readonly busybox: string;
}

/**
 * A shell that cleans up behind a daemon when it is told to, or when our process ends, however it does: a handler of `exit`
 * would not run when a test run is killed.
 */
export interface Lifeline {
  /** Ties a process group to us; undefined when it has ended. */
  hold(group: number | undefined): void;
  /** Kills what it holds and removes what it was given; resolves when all is gone. Further calls wait for the same. */
  end(): Promise<void>;
}

// The init of the namespace ends after all of its processes and its parent sees it to the end, so it is killed first and
// waited for. Bridges of networks that a test made are found in the engine's own database, as are Podman's cgroups: their names are random, so they are ours.
const script = `
while read -r line; do group=$line; done
if [ -n "$group" ]; then
  children=/proc/$group/task/$group/children
  init=$(cat "$children" 2>/dev/null)
  if [ -n "$init" ]; then
    kill -KILL $init 2>/dev/null
    tries=0
    while [ -n "$(cat "$children" 2>/dev/null)" ] && [ $tries -lt 200 ]; do sleep 0.02; tries=$((tries + 1)); done
  fi
  kill -KILL "-$group" 2>/dev/null
fi
bridges="$3 $(grep -aoE 'br-[0-9a-f]{12}' "$1/data/network/files/local-kv.db" 2>/dev/null | sort -u)"
podman=$(grep -oE '"id":"[0-9a-f]{64}"' "$1/data/overlay-containers/containers.json" 2>/dev/null | cut -d '"' -f 4)
tries=0
while [ -e "$1" ] && [ $tries -lt 100 ]; do rm -rf -- "$1" 2>/dev/null || sleep 0.1; tries=$((tries + 1)); done
for bridge in $bridges; do [ ! -e "/sys/class/net/$bridge" ] || "$4" ip link del "$bridge" 2>/dev/null; done
for level in '*/*/*' '*/*' '*' ''; do rmdir /sys/fs/cgroup/$2/$level /sys/fs/cgroup/*/$2/$level 2>/dev/null; done
for id in $podman; do rmdir /sys/fs/cgroup/*/libpod_parent/libpod-"$id" 2>/dev/null; done
rmdir /sys/fs/cgroup/*/libpod_parent/conmon /sys/fs/cgroup/*/libpod_parent 2>/dev/null
[ ! -e "$1" ]
`;

/** Opens the lifeline of one daemon. The owner ends it. */
export function openLifeline({ folder, cgroup, bridge, busybox }: LifelineOptions): Lifeline {
  const shell = spawn("/bin/sh", ["-c", script, "lifeline", folder, cgroup, bridge, busybox], {
    stdio: ["pipe", "ignore", "ignore"],
    detached: true,
  });
  shell.unref();
  (shell.stdin as unknown as { unref(): void }).unref();
  shell.stdin.on("error", () => undefined);
  const exited = once(shell, "exit");
  let ending: Promise<void> | undefined;
  const end = async () => {
    shell.ref();
    shell.stdin.end();
    const [code] = await exited;
    if (code !== 0) throw new Error(`expected ${folder} to be gone, it is still there`);
  };
  return {
    hold: (group) => shell.stdin.write(`${group ?? ""}\n`),
    end() {
      ending ??= end();
      return ending;
    },
  };
}
