/** What the exit code of a command says; part of the command's contract. */
export const exitCodes = {
  /** It was done. */
  ok: 0,
  /** It failed for a reason that has no code of its own. */
  failure: 1,
  /** The command line was not understood. */
  usage: 2,
  /** The object, broker or service that was named is not there. */
  notFound: 3,
  /** The input was refused: invalid, or in conflict with what is there. */
  refused: 4,
  /** No rouse server answers. */
  unreachable: 5,
  /** Ended by SIGINT. */
  interrupted: 130,
  /** Ended by SIGTERM. */
  terminated: 143,
} as const;

/** One of {@link exitCodes}. */
export type ExitCode = (typeof exitCodes)[keyof typeof exitCodes];

/** For the end of the help text. */
export const exitCodesHelp = [
  "Exit codes:",
  "  0    done",
  "  1    failed",
  "  2    the command line was not understood",
  "  3    not found",
  "  4    refused: invalid, or in conflict with what is there",
  "  5    no rouse server answers",
  "  130  interrupted (SIGINT); 143 terminated (SIGTERM)",
].join("\n");
