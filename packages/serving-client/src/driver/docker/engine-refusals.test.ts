import { expect, test } from "vitest";
import { isLost, lacksBridge, lacksInit, lostRefusal, startRefusal, unavailable, wordsOf } from "./engine-refusals.ts";

const errno = (code: string) => Object.assign(new Error(`connect ${code}`), { code });
const answer = (statusCode: number, message: string) =>
  Object.assign(new Error(`(HTTP code ${statusCode}) server error - ${message} `), { statusCode, json: { message } });

test("engine refusals: without an engine every place that was tried is named, and the way out", () => {
  const { reason, message, hint } = unavailable([
    { endpoint: "/var/run/docker.sock", failure: errno("ENOENT") },
    { endpoint: "/run/podman/podman.sock", failure: errno("ECONNREFUSED") },
    { endpoint: "tcp://localhost:2375", failure: answer(503, "busy") },
  ]);
  expect(reason).toBe("EngineUnavailable");
  expect(message).toBe(
    "no container engine answered; tried /var/run/docker.sock (does not exist), /run/podman/podman.sock (nobody listens), tcp://localhost:2375 (answered 503: busy)",
  );
  expect(hint).toContain("rouse.dev/command");
});

test("engine refusals: a socket that may not be opened comes before those that are not there", () => {
  const state = unavailable([
    { endpoint: "/var/run/docker.sock", failure: errno("EACCES") },
    { endpoint: "/run/podman/podman.sock", failure: errno("ENOENT") },
  ]);
  expect(state).toMatchObject({
    reason: "EngineForbidden",
    message: "/var/run/docker.sock is there, but this user may not open it",
    hint: expect.stringContaining("usermod -aG docker"),
  });
});

test("engine refusals: only a broken connection is a loss, an answer is the engine's word", () => {
  expect(isLost(errno("ECONNRESET"))).toBe(true);
  expect(isLost(answer(500, "no"))).toBe(false);
  expect(lostRefusal("/sock", answer(500, "no"))).toBeUndefined();
  expect(lostRefusal("/sock", errno("ECONNRESET"))).toMatchObject({ reason: "EngineUnavailable" });
  expect(wordsOf(Object.assign(new Error("(HTTP code 409) unexpected - no way "), { statusCode: 409 }))).toBe("no way");
});

test.each([
  [
    "CommandNotFound",
    'exec: "nope": executable file not found in $PATH: unknown',
    '"nope" was not found in image hello:1',
  ],
  [
    "CommandNotFound",
    'exec: \\"/no\\": stat /no: no such file or directory: unknown',
    '"/no" was not found in image hello:1',
  ],
  [
    "CommandNotExecutable",
    'exec: "/etc/passwd": permission denied: unknown',
    '"/etc/passwd" in image hello:1 is not executable',
  ],
  [
    "ImageOfAnotherPlatform",
    "exec /bin/x: exec format error",
    '"/bin/x" in image hello:1 is for another kind of processor',
  ],
  ["StartFailed", "no space left on device", "image hello:1 could not be started: no space left on device"],
])("refusal: a start that failed is %s: %s", (reason, words, message) => {
  expect(startRefusal("hello:1", ["/bin/x"], answer(400, words))).toEqual({ kind: "refused", reason, message });
});

test("engine refusals: what an engine lacks is told apart from what a service did wrong", () => {
  expect(lacksInit(answer(400, 'exec: "docker-init": executable file not found in $PATH'))).toBe(true);
  expect(lacksInit(answer(400, 'exec: "nope": executable file not found in $PATH'))).toBe(false);
  expect(lacksBridge(answer(500, "netavark: No such file or directory (os error 2)"))).toBe(true);
  expect(lacksBridge(answer(400, 'exec: "nope": executable file not found in $PATH'))).toBe(false);
});

test.each([
  "unable to find user iptables: no matching entries in passwd file",
  "lstat /var/lib/docker/overlay2/4d20/merged/etc/passwd/iptables: not a directory",
  'workdir "/srv/pasta" does not exist on container 4d20',
  'failed to create shim task: OCI runtime create failed: runc create failed: exec: "/x/cni": permission denied: unknown',
  'error mounting "/volumes/a/_data" to rootfs at "/proc/iptables": it is inside /proc',
  "Invalid signal: NETAVARK",
])("refusal: an image cannot say that there is no bridge: %s", (message) => {
  expect(lacksBridge(answer(500, message))).toBe(false);
});

test.each([
  "failed to create endpoint rouse_default_fn-00001-1_a on network bridge: operation not supported",
  "failed to set up container networking: driver failed programming external connectivity on endpoint a",
  'could not find "netavark" in one of [/usr/libexec/podman /usr/lib/podman]',
  'plugin type="bridge" failed (add): cni plugin bridge failed: failed to list chains: running [/usr/sbin/iptables -t nat]: exit status 3',
])("refusal: a bridge that is there in name only is told: %s", (message) => {
  expect(lacksBridge(answer(500, message))).toBe(true);
});
