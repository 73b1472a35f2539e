import { messageOf } from "@rouse/base";
import type { Launch } from "../driver.ts";
import type { UnavailableEngine } from "./engine-state.ts";

/** Why there is no instance. */
export type Refusal = Extract<Launch, { kind: "refused" }>;

/** An error of the engine's client: an answer (`statusCode`) or a broken connection (`code`). */
interface EngineFailure {
  readonly code?: string;
  readonly statusCode?: number;
  readonly json?: { readonly message?: string; readonly cause?: string } | null;
}

/** What was tried of an engine, and how it failed. */
export interface TriedEndpoint {
  readonly endpoint: string;
  readonly failure: unknown;
}

/** The engine did not answer in time. */
export class EngineSilent extends Error {
  readonly code = "ETIMEDOUT";
}

export function refused(reason: string, message: string): Refusal {
  return { kind: "refused", reason, message };
}

/** The connection failed, as opposed to an answer that is a refusal: whether the call had an effect is unknown. */
export function isLost(failure: unknown): boolean {
  return statusOf(failure) === undefined;
}

/** The HTTP status of the engine's answer; undefined when there was none. */
export function statusOf(failure: unknown): number | undefined {
  return (failure as EngineFailure | undefined)?.statusCode;
}

/** The engine's own words, without what its client puts around them. */
export function wordsOf(failure: unknown): string {
  const { json } = (failure ?? {}) as EngineFailure;
  return (json?.message ?? json?.cause ?? messageOf(failure).replace(/^\(HTTP code \d+\) [a-z ]* - /i, "")).trim();
}

/** Why no engine was found. */
export function unavailable(tried: readonly TriedEndpoint[]): UnavailableEngine {
  const forbidden = tried.find(({ failure }) => isForbidden(failure));
  if (forbidden) {
    return {
      kind: "unavailable",
      reason: "EngineForbidden",
      message: `${forbidden.endpoint} is there, but this user may not open it`,
      hint: "add the user to the group of the socket (for Docker: sudo usermod -aG docker $USER, then log in anew), or run an engine of the user's own",
    };
  }
  const places = tried.map(({ endpoint, failure }) => `${endpoint} (${howLost(failure)})`).join(", ");
  return {
    kind: "unavailable",
    reason: "EngineUnavailable",
    message: `no container engine answered; tried ${places}`,
    hint: "start Docker or Podman, name its socket in DOCKER_HOST, or run a local process instead with the annotation rouse.dev/command",
  };
}

/** A refusal for a failure of the engine's connection; undefined for anything that it answered. */
export function lostRefusal(endpoint: string, failure: unknown): Refusal | undefined {
  if (!isLost(failure)) return undefined;
  const { reason, message, hint } = unavailable([{ endpoint, failure }]);
  return refused(reason, `${message}; ${hint}`);
}

/** A refusal for a container that was made but could not be started. */
export function startRefusal(image: string, command: readonly string[] | undefined, failure: unknown): Refusal {
  const words = wordsOf(failure);
  const program = /exec: \\?"(.+?)\\?":/.exec(words)?.[1] ?? command?.[0] ?? "the command of the image";
  // Docker answers 400, Podman 404 or 500: only the words tell.
  if (/permission denied/i.test(words) && /exec/.test(words))
    return refused("CommandNotExecutable", `"${program}" in image ${image} is not executable`);
  if (/executable file .*not found|no such file or directory/i.test(words) && /exec|stat/.test(words))
    return refused("CommandNotFound", `"${program}" was not found in image ${image}`);
  if (/exec format error/i.test(words))
    return refused("ImageOfAnotherPlatform", `"${program}" in image ${image} is for another kind of processor`);
  return refused("StartFailed", `image ${image} could not be started: ${words}`);
}

/** The engine has no init program to put before the container's own. */
export function lacksInit(failure: unknown): boolean {
  return /docker-init|catatonit|init binary|container-init/i.test(wordsOf(failure));
}

/**
 * The engine could not put the container on its bridge: it has one in name only. What is said of programs, users and folders
 * has words of the image's choice, and an image must not choose the network.
 */
export function lacksBridge(failure: unknown): boolean {
  const words = wordsOf(failure);
  return !ofImage.test(words) && ofNetwork.test(words);
}

const ofImage =
  /\bOCI\b|exec: |\b(user|group|signal|lstat|stat|mkdir|chdir|workdir|working dir\w*|volume|mounting|mountpoint)\b/i;
const ofNetwork =
  /netavark|aardvark|\bcni\b|iptables|nftables|slirp4netns|pasta|failed to create endpoint|failed to set up .*network|could not find a network/i;

function isForbidden(failure: unknown): boolean {
  const { code } = (failure ?? {}) as EngineFailure;
  return code === "EACCES" || code === "EPERM";
}

function howLost(failure: unknown): string {
  const { code, statusCode } = (failure ?? {}) as EngineFailure;
  if (code === "ENOENT") return "does not exist";
  if (code === "ECONNREFUSED") return "nobody listens";
  if (code === "ECONNRESET" || code === "EPIPE") return "connection lost";
  if (code === "ETIMEDOUT") return "no answer";
  return statusCode === undefined ? messageOf(failure) : `answered ${statusCode}: ${wordsOf(failure)}`;
}
