import type { Readable } from "node:stream";
import type Docker from "dockerode";
import type { Container } from "dockerode";
import type { EngineConnection } from "./engine-connection.ts";

/** Of what a check printed, no more is told. */
const toldMax = 200;
/** Labels are part of an event, and some images have many; one that is longer than this is not read. */
const longestEvent = 1024 * 1024;

/** A container whose image says how its health is checked. */
export interface CheckedContainer {
  readonly docker: Docker;
  readonly container: Container;
  readonly connection: EngineConnection;
}

/** A check, as an engine keeps it. */
interface HealthCheck {
  readonly ExitCode?: number;
  readonly Output?: string;
}

/**
 * Waits until the engine tells that a container is unhealthy; resolves to what its last check said, or to undefined when the
 * signal aborts or the engine tells nothing more. Never rejects.
 *
 * Only the event counts: an engine also calls a container unhealthy that it does not check, because it is paused or has ended.
 */
export async function becomesUnhealthy(checked: CheckedContainer, signal: AbortSignal): Promise<string | undefined> {
  const { docker, container, connection } = checked;
  try {
    const filters = { container: [container.id], event: ["health_status"] };
    const stream = (await docker.getEvents({ filters, abortSignal: signal })) as unknown as Readable;
    const events = new HealthEvents();
    for await (const chunk of stream.setEncoding("utf8")) {
      if (!events.push(chunk as string)) continue;
      const seen = await connection.call(container.inspect()).catch(() => undefined);
      return lastCheck(seen?.State.Health?.Log);
    }
  } catch {
    // The container has ended, the engine is gone, or it knows no such events.
  }
  return undefined;
}

/** What the last check said: the first line of its output, else how it ended; empty when nothing is known of it. */
export function lastCheck(log: readonly HealthCheck[] | null | undefined): string {
  const last = log?.at(-1);
  if (!last) return "";
  const line = (last.Output ?? "").split(/[\r\n]+/).find((it) => it.trim() !== "");
  return line === undefined ? `exited with code ${last.ExitCode ?? "unknown"}` : line.trim().slice(0, toldMax);
}

/** Reads the events of the health of one container, a JSON object a line. */
export class HealthEvents {
  private rest = "";

  /** Whether one of them tells that it is unhealthy. */
  push(text: string): boolean {
    const lines = (this.rest + text).split("\n");
    this.rest = (lines.pop() ?? "").slice(0, longestEvent);
    return lines.some(tellsUnhealthy);
  }
}

/** Docker says it in the event's name, Podman in a field beside. */
function tellsUnhealthy(line: string): boolean {
  try {
    const event = JSON.parse(line) as { readonly Action?: string; readonly HealthStatus?: string } | null;
    return event?.Action === "health_status: unhealthy" || event?.HealthStatus === "unhealthy";
  } catch {
    return false;
  }
}
