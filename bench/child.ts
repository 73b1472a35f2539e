import { fork } from "node:child_process";
import { once } from "node:events";
import { fileURLToPath } from "node:url";

interface Call {
  readonly id: number;
  readonly method: string;
  readonly argument: unknown;
}

type Answer = { readonly id: number; readonly result: unknown } | { readonly id: number; readonly failure: string };

/** What a process answers to: methods with one argument and a result, both plain data. */
// biome-ignore lint/suspicious/noExplicitAny: each process declares its own.
export type Methods = Record<string, (argument: any) => unknown>;

/** A process of ours. Disposing it ends it: by asking, then by SIGKILL after three seconds. */
export interface Child<M extends Methods> extends AsyncDisposable {
  readonly pid: number;
  call<K extends keyof M & string>(method: K, argument: Parameters<M[K]>[0]): Promise<Awaited<ReturnType<M[K]>>>;
}

const endMs = 3_000;

/** How a process of the bench is started. */
export interface ChildOptions {
  readonly profiled?: boolean;
  /** Options of Node. */
  readonly execArgv?: readonly string[];
}

/**
 * Starts a module of the bench as a process of its own. With ROUSE_BENCH_PROFILE=FOLDER processes started with
 * `profiled` leave a CPU profile there.
 */
export function startChild<M extends Methods>(module: string, options: ChildOptions = {}): Child<M> {
  const folder = process.env.ROUSE_BENCH_PROFILE;
  const execArgv = [...(options.execArgv ?? [])];
  if (folder && options.profiled) execArgv.push("--cpu-prof", `--cpu-prof-dir=${folder}`);
  const path = fileURLToPath(new URL(module, import.meta.url));
  const child = fork(path, { execArgv, stdio: ["ignore", "inherit", "inherit", "ipc"], serialization: "advanced" });
  const waiting = new Map<number, { resolve: (result: never) => void; reject: (failure: Error) => void }>();
  const exited = once(child, "exit").then(([code, signal]) => {
    for (const { reject } of waiting.values()) reject(new Error(`${module} ended: ${signal ?? `exit code ${code}`}`));
    waiting.clear();
  });
  let count = 0;
  child.on("message", (answer: Answer) => {
    const one = waiting.get(answer.id);
    waiting.delete(answer.id);
    if ("failure" in answer) one?.reject(new Error(`${module}: ${answer.failure}`));
    else one?.resolve(answer.result as never);
  });
  return {
    pid: child.pid ?? -1,
    call(method, argument) {
      if (!child.connected) return Promise.reject(new Error(`${module} has ended`));
      return new Promise((resolve, reject) => {
        const id = ++count;
        waiting.set(id, { resolve, reject });
        child.send({ id, method, argument } satisfies Call);
      });
    },
    async [Symbol.asyncDispose]() {
      if (child.connected) child.disconnect();
      const kill = setTimeout(() => child.kill("SIGKILL"), endMs);
      await exited;
      clearTimeout(kill);
    },
  };
}

/** Answers the parent's calls; `ended` runs when the parent lets go, or is gone, and then the process ends. */
export function answerCalls(methods: Methods, ended: () => Promise<void> = async () => {}): void {
  process.on("message", async ({ id, method, argument }: Call) => {
    let answer: Answer;
    try {
      answer = { id, result: await methods[method]!(argument) };
    } catch (failure) {
      answer = { id, failure: failure instanceof Error ? (failure.stack ?? failure.message) : String(failure) };
    }
    if (process.connected) process.send!(answer);
  });
  process.once("disconnect", () => {
    void ended()
      .catch(() => undefined)
      .then(() => process.exit(0));
  });
}
