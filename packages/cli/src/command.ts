import type { Context } from "./context.ts";
import type { ExitCode } from "./exit-codes.ts";

/** One option of a command. */
export interface OptionDefinition {
  /** As commander reads them: `-n, --namespace <name>`; `<path...>` may be given several times. */
  readonly flags: string;
  readonly description: string;
  readonly default?: string | boolean | readonly string[];
  /** Reads one value; throws a CliFault (CLI_USAGE) for what it does not take, told with the flag. */
  readonly parse?: (text: string) => unknown;
}

/** One argument of a command. */
export interface ArgumentDefinition {
  /** `<kind>`, or `[name]` when it may be left out. */
  readonly name: string;
  readonly description: string;
}

/** A command as a value: what the help says, and what is done. */
export interface CommandDefinition {
  readonly name: string;
  /** One line, for the list of commands. */
  readonly summary: string;
  /** What more there is to say; may have several lines. */
  readonly description?: string;
  readonly arguments?: readonly ArgumentDefinition[];
  readonly options?: readonly OptionDefinition[];
  /** Command lines, without a prompt. */
  readonly examples: readonly string[];
  /** A command with commands of its own does nothing by itself. */
  readonly commands?: readonly CommandDefinition[];
  readonly action?: (args: readonly string[], options: never, context: Context) => Promise<ExitCode>;
}

/** A command whose options have a type: the only place where commander's untyped values get one. */
export function defineCommand<O>(
  definition: Omit<CommandDefinition, "action" | "commands"> & {
    readonly action: (args: readonly string[], options: O, context: Context) => Promise<ExitCode>;
  },
): CommandDefinition {
  return definition;
}
