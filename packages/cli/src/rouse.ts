import { applyCommand } from "./commands/apply.ts";
import { checkCommand } from "./commands/check.ts";
import { deadCommand } from "./commands/dead.ts";
import { deleteCommand } from "./commands/delete.ts";
import { describeCommand } from "./commands/describe.ts";
import { devCommand } from "./commands/dev.ts";
import { getCommand } from "./commands/get.ts";
import { initCommand } from "./commands/init.ts";
import { logsCommand } from "./commands/logs.ts";
import { pingCommand } from "./commands/ping.ts";
import { schemaCommand } from "./commands/schema.ts";
import { sendCommand } from "./commands/send.ts";
import { tailCommand } from "./commands/tail.ts";
import { upCommand } from "./commands/up.ts";
import { versionCommand } from "./commands/version.ts";
import type { Context } from "./context.ts";
import { exitCodeOf, Interrupted } from "./errors.ts";
import type { ExitCode } from "./exit-codes.ts";
import { type ProgramDefinition, runProgram } from "./program.ts";
import { renderFailure } from "./render/failure.ts";

/** The `rouse` command. */
export const rouse: ProgramDefinition = {
  name: "rouse",
  description: "An event broker that wakes what it delivers to.",
  commands: [
    initCommand,
    devCommand,
    upCommand,
    checkCommand,
    applyCommand,
    getCommand,
    describeCommand,
    deleteCommand,
    sendCommand,
    tailCommand,
    logsCommand,
    pingCommand,
    deadCommand,
    schemaCommand,
    versionCommand,
  ],
};

/** Runs a command line and gives its exit code; whatever goes wrong is told on stderr, without a stack trace. */
export async function runRouse(argv: readonly string[], context: Context): Promise<ExitCode> {
  try {
    const asksVersion = argv.length === 1 && (argv[0] === "--version" || argv[0] === "-V");
    return await runProgram(rouse, asksVersion ? ["version"] : argv, context);
  } catch (thrown) {
    if (!(thrown instanceof Interrupted)) context.stderr.write(renderFailure(thrown));
    return exitCodeOf(thrown);
  }
}
