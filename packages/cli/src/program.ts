import { Command, CommanderError, Option } from "commander";
import type { CommandDefinition, OptionDefinition } from "./command.ts";
import type { Context } from "./context.ts";
import { CliFault, usage } from "./errors.ts";
import { type ExitCode, exitCodes, exitCodesHelp } from "./exit-codes.ts";

/** What is said about the program as a whole. */
export interface ProgramDefinition {
  readonly name: string;
  readonly description: string;
  readonly commands: readonly CommandDefinition[];
}

/**
 * Reads a command line and runs the command it names.
 * @throws CliFault CLI_USAGE for a command line that is not understood, with the nearest name as its hint.
 */
export async function runProgram(
  definition: ProgramDefinition,
  argv: readonly string[],
  context: Context,
): Promise<ExitCode> {
  let code: ExitCode = exitCodes.ok;
  const program = new Command(definition.name).description(definition.description);
  configure(program, context);
  program.helpCommand("help [command]", "show the help of a command");
  program.addHelpText("after", `\nrouse help COMMAND shows options and examples of a command.\n\n${exitCodesHelp}`);
  for (const each of definition.commands) {
    program.addCommand(commandOf(each, context, (result) => (code = result)));
  }
  try {
    if (argv.length === 0) program.outputHelp();
    else await program.parseAsync([...argv], { from: "user" });
  } catch (thrown) {
    if (!(thrown instanceof CommanderError)) throw thrown;
    if (thrown.exitCode === 0) return exitCodes.ok;
    // A command with commands of its own was given none: its help has been printed, and says it all.
    if (thrown.code === "commander.help") return exitCodes.usage;
    throw refusal(thrown, program, argv);
  }
  return code;
}

function configure(command: Command, context: Context): void {
  command
    .exitOverride()
    .showSuggestionAfterError(true)
    .configureOutput({
      writeOut: (text) => context.stdout.write(text),
      writeErr: (text) => context.stderr.write(text),
      // Told once, by whoever runs the program.
      outputError: () => undefined,
      getOutHasColors: () => false,
      getErrHasColors: () => false,
    });
}

function commandOf(definition: CommandDefinition, context: Context, done: (code: ExitCode) => void): Command {
  const command = new Command(definition.name)
    .summary(definition.summary)
    .description([definition.summary, definition.description].filter(Boolean).join("\n\n"));
  configure(command, context);
  for (const { name, description } of definition.arguments ?? []) command.argument(name, description);
  for (const each of definition.options ?? []) command.addOption(optionOf(each));
  command.addHelpText("after", `\nExamples:\n${definition.examples.map((example) => `  ${example}`).join("\n")}`);
  for (const inner of definition.commands ?? []) command.addCommand(commandOf(inner, context, done));
  const { action } = definition;
  if (!action) return command.helpCommand(false);
  return command.action(async (...given: unknown[]) => {
    const args = given.slice(0, -2).filter((each): each is string => typeof each === "string");
    done(await action(args, command.opts() as never, context));
  });
}

function optionOf({ flags, description, default: value, parse }: OptionDefinition): Option {
  const option = new Option(flags, description);
  if (value !== undefined) option.default(value);
  if (!parse) return option;
  return option.argParser((text) => {
    try {
      return parse(text);
    } catch (thrown) {
      if (thrown instanceof CliFault) throw usage(`${option.long ?? flags}: ${thrown.message}`, thrown.hint);
      throw thrown;
    }
  });
}

/** Commander's complaint in our form: a sentence, and the way out. */
function refusal(thrown: CommanderError, program: Command, argv: readonly string[]) {
  const [sentence = "", ...rest] = thrown.message.replace(/^error: /, "").split("\n");
  const suggestion = /Did you mean (?:one of )?(.+)\?/.exec(rest.join(" "))?.[1];
  const text = sentence.replace(/\.$/, "").replaceAll("'", '"');
  return usage(text, suggestion ? `did you mean ${suggestion}?` : helpHint(program, argv));
}

function helpHint(program: Command, argv: readonly string[]): string {
  let at = program;
  const path = [program.name()];
  for (const word of argv) {
    const next = at.commands.find((each) => each.name() === word);
    if (!next) break;
    at = next;
    path.push(word);
  }
  return `see ${path.join(" ")} --help`;
}
