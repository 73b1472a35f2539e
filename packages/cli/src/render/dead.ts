import { printable } from "./paint.ts";
import { renderAge } from "./span.ts";
import { renderTable } from "./table.ts";

/** A dead record, as `GET /-/dead/…` gives it; what else it has is for `-o json`. */
export interface DeadLine {
  readonly handle: string;
  readonly trigger?: string;
  readonly reason: string;
  readonly message: string;
  readonly attempts: number;
  readonly diedAt: string;
  readonly origin?: Readonly<Record<string, string | number>>;
  readonly event?: Readonly<Record<string, unknown>>;
}

/** The dead records of a broker, oldest first. */
export function renderDeadTable(lines: readonly DeadLine[], headers: boolean, now: number): string {
  const rows = lines.map((line) => [
    line.origin ? printable(originText(line.origin)) : line.handle,
    line.trigger ?? "",
    printable(String(line.event?.type ?? "")),
    String(line.attempts),
    renderAge(now - Date.parse(line.diedAt)),
    line.reason,
    printable(line.message),
  ]);
  return renderTable(headers ? ["EVENT", "TRIGGER", "TYPE", "ATTEMPTS", "AGE", "REASON", "MESSAGE"] : undefined, rows);
}

/** Where something lies that a source could not bring in: `topic=orders,partition=2,offset=1207`. */
function originText(origin: Readonly<Record<string, string | number>>): string {
  return Object.entries(origin)
    .map(([name, value]) => `${name}=${value}`)
    .join(",");
}
