import { Fault } from "@rouse/base";
import { type ExitCode, exitCodes } from "./exit-codes.ts";

/**
 * Why a command did not do what was asked.
 * - `CLI_USAGE`: the command line was not understood.
 * - `CLI_NOT_FOUND`: what was named is not there.
 * - `CLI_REFUSED`: the input is invalid, or in conflict with what is there.
 * - `CLI_UNREACHABLE`: no server answers.
 * - `CLI_FAILED`: anything else.
 */
export type CliFaultCode = "CLI_USAGE" | "CLI_NOT_FOUND" | "CLI_REFUSED" | "CLI_UNREACHABLE" | "CLI_FAILED";

/** A command that could not do what was asked. */
export class CliFault extends Fault<CliFaultCode> {}

const codes: Readonly<Record<CliFaultCode, ExitCode>> = {
  CLI_USAGE: exitCodes.usage,
  CLI_NOT_FOUND: exitCodes.notFound,
  CLI_REFUSED: exitCodes.refused,
  CLI_UNREACHABLE: exitCodes.unreachable,
  CLI_FAILED: exitCodes.failure,
};

/** A command line that cannot be followed. */
export function usage(message: string, hint?: string): CliFault {
  return new CliFault("CLI_USAGE", message, hint === undefined ? {} : { hint });
}

/** The exit code of anything thrown. Faults of other packages are about input or surroundings: failures. */
export function exitCodeOf(thrown: unknown): ExitCode {
  if (thrown instanceof Interrupted) {
    return thrown.signalName === "SIGTERM" ? exitCodes.terminated : exitCodes.interrupted;
  }
  return thrown instanceof CliFault ? codes[thrown.code] : exitCodes.failure;
}

/** The reason of an abort by a signal; no failure, so it is not told. */
export class Interrupted extends Error {
  readonly signalName: "SIGINT" | "SIGTERM";

  constructor(signalName: "SIGINT" | "SIGTERM") {
    super(`ended by ${signalName}`);
    this.name = "Interrupted";
    this.signalName = signalName;
  }
}
