import { Fault, messageOf } from "@rouse/base";

/** What people are told of anything thrown: a sentence and the way out, never a stack trace. */
export function renderFailure(thrown: unknown): string {
  const [first = "", ...rest] = messageOf(thrown).split("\n");
  const lines = [`error: ${first}`, ...rest.map((line) => `       ${line}`)];
  const hint = thrown instanceof Fault ? thrown.hint : undefined;
  if (hint !== undefined) lines.push(`hint:  ${hint}`);
  return `${lines.join("\n")}\n`;
}
