import { type Clock, messageOf, type Timer } from "@rouse/base";
import type { ContainerProgram } from "../driver.ts";
import type { ConnectedEngine, EngineConnection } from "./engine-connection.ts";
import { lostRefusal, type Refusal, refused, statusOf, wordsOf } from "./engine-refusals.ts";
import { type ImageCommand, imageCommand } from "./image-command.ts";
import { runsOn } from "./image-platform.ts";
import { PullProgress } from "./pull-progress.ts";

/** A pull that makes no progress for this long has failed. */
const stalledMs = 120_000;
/** With `always`, a pull that ended this shortly ago serves the next start too: several instances start at once. */
const freshMs = 5_000;

type Wanted = Pick<ContainerProgram, "image" | "pull">;

/** One pull, and who waits for it. */
interface Pull {
  waiting: number;
  readonly abort: AbortController;
  /** Undefined: the image is here. Never rejects. */
  readonly done: Promise<Refusal | undefined>;
}

/**
 * Sees to it that images are there before containers are made of them: one pull of an image at a time, shared by all who
 * wait for it; when nobody waits any more it is given up.
 */
export class ImageStore {
  private readonly connection: EngineConnection;
  private readonly clock: Clock;
  private readonly pulls = new Map<string, Pull>();
  private readonly pulledAt = new Map<string, number>();
  /** Images that were looked at: they are here, and for this engine. */
  private readonly known = new Map<string, ImageCommand>();

  constructor(connection: EngineConnection, clock: Clock) {
    this.connection = connection;
    this.clock = clock;
  }

  /** Undefined when the image is there and can run; else why not. Rejects with the signal's reason only. */
  async ensure({ image, pull }: Wanted, engine: ConnectedEngine, signal?: AbortSignal): Promise<Refusal | undefined> {
    if (pull === "always" && !this.isFresh(image)) {
      const failed = await this.pull(image, engine, signal);
      if (failed) return failed;
      this.known.delete(image);
    }
    if (this.known.has(image)) return undefined;
    const looked = await this.look(image, engine);
    if (looked !== "missing") return looked;
    if (pull === "never") return missing(image, "it is not here, and its pull policy is Never");
    return (await this.pull(image, engine, signal)) ?? this.afterPull(image, engine);
  }

  /** What an image that is there says about how it is run. */
  commandOf(image: string): ImageCommand | undefined {
    return this.known.get(image);
  }

  /** An image turned out not to be there: it is looked at anew. */
  forget(image: string): void {
    this.known.delete(image);
    this.pulledAt.delete(image);
  }

  /** Gives up all pulls. */
  close(): void {
    for (const { abort } of this.pulls.values()) abort.abort();
  }

  private isFresh(image: string): boolean {
    const at = this.pulledAt.get(image);
    return at !== undefined && this.clock.monotonic() - at < freshMs;
  }

  private async afterPull(image: string, engine: ConnectedEngine): Promise<Refusal | undefined> {
    const looked = await this.look(image, engine);
    return looked === "missing" ? missing(image, "it was pulled, but is not here") : looked;
  }

  private async look(image: string, { docker, state }: ConnectedEngine): Promise<Refusal | "missing" | undefined> {
    try {
      const { Os, Architecture, Config } = await this.connection.call(docker.getImage(image).inspect());
      if (!runsOn({ os: Os ?? "", arch: Architecture ?? "" }, state)) {
        return refused(
          "ImageOfAnotherPlatform",
          `image ${image} is for ${Os}/${Architecture}, the engine runs ${state.os}/${state.arch}; build or name an image for it`,
        );
      }
      this.known.set(image, imageCommand(Config ?? {}));
      return undefined;
    } catch (failure) {
      if (statusOf(failure) === 404) return "missing";
      return lostRefusal(state.endpoint, failure) ?? refused("ImageMissing", `image ${image}: ${wordsOf(failure)}`);
    }
  }

  private async pull(
    image: string,
    engine: ConnectedEngine,
    signal: AbortSignal | undefined,
  ): Promise<Refusal | undefined> {
    const pull = this.pulls.get(image) ?? this.begin(image, engine);
    pull.waiting++;
    try {
      return await unlessAborted(pull.done, signal);
    } finally {
      pull.waiting--;
      if (pull.waiting === 0) pull.abort.abort();
    }
  }

  private begin(image: string, engine: ConnectedEngine): Pull {
    const abort = new AbortController();
    const done = this.fetch(image, engine, abort.signal).finally(() => {
      if (this.pulls.get(image) === pull) this.pulls.delete(image);
    });
    const pull: Pull = { waiting: 0, abort, done };
    // Given up: who comes next begins another.
    abort.signal.addEventListener("abort", () => this.pulls.get(image) === pull && this.pulls.delete(image));
    this.pulls.set(image, pull);
    return pull;
  }

  private async fetch(image: string, engine: ConnectedEngine, given: AbortSignal): Promise<Refusal | undefined> {
    const stalled = new AbortController();
    const signal = AbortSignal.any([given, stalled.signal]);
    let timer: Timer | undefined;
    const moved = () => {
      timer?.cancel();
      timer = this.clock.setTimer(stalledMs, () => stalled.abort());
    };
    moved();
    try {
      const stream = await engine.docker.pull(withTag(image), { abortSignal: signal });
      const progress = new PullProgress();
      for await (const chunk of stream) {
        moved();
        progress.push(chunk as Buffer);
      }
      if (progress.error !== undefined) return pullFailed(image, progress.error);
      this.pulledAt.set(image, this.clock.monotonic());
      return undefined;
    } catch (failure) {
      if (stalled.signal.aborted) return pullFailed(image, `nothing came for ${stalledMs / 1_000} s`);
      if (given.aborted) return pullFailed(image, "it was given up");
      if (statusOf(failure) !== undefined) return pullFailed(image, wordsOf(failure));
      this.connection.forget();
      return lostRefusal(engine.state.endpoint, failure) ?? pullFailed(image, messageOf(failure));
    } finally {
      timer?.cancel();
    }
  }
}

/** An engine that is asked for a name without a tag fetches every tag of it. */
function withTag(image: string): string {
  const last = image.slice(image.lastIndexOf("/") + 1);
  return last.includes(":") || last.includes("@") ? image : `${image}:latest`;
}

function missing(image: string, why: string): Refusal {
  return refused("ImageMissing", `image ${image}: ${why}; pull or build it on this engine`);
}

function pullFailed(image: string, why: string): Refusal {
  const absent = /not found|manifest unknown|does not exist|name unknown/i.test(why);
  const hint = absent
    ? "mend the name, build it on this engine, or pull it by hand where it is private"
    : "pull it by hand on this engine, and use a pull policy that does with it (IfNotPresent, Never)";
  return refused(absent ? "ImageMissing" : "ImagePullFailed", `image ${image} could not be pulled: ${why}; ${hint}`);
}

/** Waits for it, but no longer than until the signal aborts. */
function unlessAborted<Value>(waited: Promise<Value>, signal: AbortSignal | undefined): Promise<Value> {
  if (!signal) return waited;
  return new Promise((resolve, reject) => {
    const leave = () => reject(signal.reason);
    if (signal.aborted) return leave();
    signal.addEventListener("abort", leave, { once: true });
    void waited.then(resolve, reject).finally(() => signal.removeEventListener("abort", leave));
  });
}
