import type { Clock } from "@rouse/base";
import type { Http } from "./http.ts";
import type { ServerModule } from "./server-module.ts";

/** Where text goes. */
export interface Output {
  write(text: string): void;
  /** Whether people look at it. */
  readonly isTTY: boolean;
}

/** Everything a command touches beside the file system; tests give one of their own. */
export interface Context {
  readonly stdout: Output;
  readonly stderr: Output;
  /** All of standard input, as text. */
  readonly stdin: () => Promise<string>;
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly cwd: string;
  readonly pid: number;
  readonly clock: Clock;
  /** A number in [0, 1). */
  readonly random: () => number;
  readonly uuid: () => string;
  readonly http: Http;
  /** Loads the server's code, which only some commands need and which takes its time. */
  readonly server: () => Promise<ServerModule>;
  /** Aborted with an Interrupted at the first SIGINT or SIGTERM. At the second the process is gone. */
  readonly interrupted: AbortSignal;
}

/** Whether to colour what goes to an output: on a terminal, unless NO_COLOR says otherwise. */
export function wantsColor(context: Pick<Context, "env">, output: Output): boolean {
  const { NO_COLOR, FORCE_COLOR, TERM } = context.env;
  if (NO_COLOR !== undefined && NO_COLOR !== "") return false;
  if (FORCE_COLOR !== undefined && FORCE_COLOR !== "" && FORCE_COLOR !== "0") return true;
  return output.isTTY && TERM !== "dumb";
}
