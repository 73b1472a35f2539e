import type { InstanceExit } from "../driver/driver.ts";

const outOfMemory = "used more memory than its limit and was ended";
const addressInUse = /EADDRINUSE|address (is )?already in use/i;

/** What is said of an instance that ended, and why in one CamelCase word, where the state it was in does not say it. */
export interface ExitWords {
  readonly message: string;
  readonly reason: string | undefined;
}

/** How an instance came to its end. */
export interface Ending {
  readonly exit: InstanceExit;
  /** Its PORT. */
  readonly port: number;
  /** It had become ready. */
  readonly served: boolean;
  /** It was asked to end. */
  readonly asked: boolean;
  /** The last lines of stderr. */
  readonly tail: readonly string[];
}

/** A sentence for people; with the last lines of stderr when nobody asked it to end. */
export function wordsOf(ending: Ending): ExitWords {
  const { exit, port, served, asked, tail } = ending;
  if (asked) return { message: howOf(exit), reason: undefined };
  if (exit.unhealthy !== undefined) {
    const before = served ? "" : `; nothing had listened on PORT ${port}`;
    return { message: withTail(`${unhealthyWords(exit.unhealthy)}${before}`, tail), reason: "Unhealthy" };
  }
  const memory = exit.outOfMemory === true;
  const how = memory ? outOfMemory : howOf(exit);
  const advice = exit.code === 0 && !memory ? "; a service must keep running and listen on PORT" : "";
  const when = served ? "while it was in service" : `before anything listened on PORT ${port}${advice}`;
  const collided = !served && tail.some((line) => addressInUse.test(line));
  const hint = collided
    ? "; another process has the port that it wants: make it listen on the port that PORT names"
    : "";
  return { message: withTail(`${how} ${when}${hint}`, tail), reason: memory ? "OutOfMemory" : undefined };
}

/** Whether it ended because somebody else took the PORT that it was given. */
export function lostItsPort({ port, served, asked, tail }: Ending): boolean {
  if (served || asked || port === 0) return false;
  const named = new RegExp(`\\b${port}\\b`);
  return tail.some((line) => addressInUse.test(line)) && tail.some((line) => named.test(line));
}

/** A sentence with the last lines of stderr. */
export function withTail(message: string, tail: readonly string[]): string {
  return tail.length === 0 ? message : `${message}; stderr:\n${tail.join("\n")}`;
}

/** How something ended by itself, whatever it was for. */
export function endOf(exit: InstanceExit | undefined): ExitWords {
  if (exit?.unhealthy !== undefined) return { message: unhealthyWords(exit.unhealthy), reason: "Unhealthy" };
  if (exit?.outOfMemory === true) return { message: outOfMemory, reason: "OutOfMemory" };
  return { message: howOf(exit ?? { code: undefined, signal: undefined }), reason: undefined };
}

function unhealthyWords(said: string): string {
  return said === "" ? "its health check failed" : `its health check failed: ${said}`;
}

function howOf(exit: InstanceExit): string {
  return exit.signal !== undefined ? `was ended by ${exit.signal}` : `exited with code ${exit.code ?? "unknown"}`;
}
