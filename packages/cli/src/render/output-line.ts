import { type Paint, printable } from "./paint.ts";
import { renderTime } from "./span.ts";

/** A line that an instance printed, as `GET /-/logs/…` gives it. */
export interface OutputLine {
  /** Milliseconds since the epoch. */
  readonly at: number;
  readonly instance: string;
  readonly stream: "stdout" | "stderr";
  readonly text: string;
}

/** `counter-1 | text`, what came from stderr in another colour. */
export function renderOutputLine(line: OutputLine, paint: Paint, timestamps = false): string {
  const time = timestamps ? `${paint("dim", renderTime(line.at))} ` : "";
  const text = printable(line.text);
  return `${time}${paint("bold", line.instance)} | ${line.stream === "stderr" ? paint("yellow", text) : text}`;
}
