import type { TailLine } from "@rouse/server";
import { firstLine, type Paint, plain, printable, type Tone } from "./paint.ts";
import { renderMs, renderTime } from "./span.ts";

/** Turns lines of the timeline into text; remembers which events it has introduced and what runs. */
export interface TimelineRenderer {
  /** The text of one line, ending in a line feed; empty when there is nothing to add to what was said. */
  render(line: TailLine): string;
}

const rememberedMax = 1_000;
const verbWidth = 9;

/** What one line of the timeline says: a word in a column of its own, and a text. */
interface Row {
  readonly tone: Tone;
  readonly verb: string;
  readonly text: string;
}

/**
 * Time, then the event's handle or the instance, then a word that says what happened, then the rest. What follows from
 * a line (which triggers took the event, what was replied) stands below it, without repeating time and handle.
 */
export function createTimelineRenderer(paint: Paint = plain): TimelineRenderer {
  const introduced = new Set<string>();
  const instances: Instances = { running: new Map(), idle: new Map() };
  let width = 17;
  let last: string | undefined;

  const head = (at: number, about: string): string => {
    width = Math.max(width, about.length);
    return `${paint("dim", renderTime(at))}  ${paint("bold", about.padEnd(width))}  `;
  };
  const block = (line: TailLine, about: string, rows: readonly Row[], continues = false): string => {
    const blank = " ".repeat(12 + 2 + Math.max(width, about.length) + 2);
    last = about;
    return rows
      .map(({ tone, verb, text }, index) => {
        const start = index === 0 && !continues ? head(line.at, about) : blank;
        const word = paint(tone, text === "" ? verb : verb.padEnd(verbWidth));
        // What did not happen recedes as a whole.
        const rest = text === "" ? "" : ` ${tone === "dim" ? paint("dim", printable(text)) : printable(text)}`;
        return `${start}${word}${rest}\n`;
      })
      .join("");
  };
  const introduce = (handle: string): boolean => {
    if (introduced.has(handle)) return false;
    introduced.add(handle);
    const [oldest] = introduced;
    if (introduced.size > rememberedMax && oldest !== undefined) introduced.delete(oldest);
    return true;
  };

  return {
    render(line) {
      const about = line.handle ?? line.instance ?? line.service ?? line.namespace;
      switch (line.kind) {
        case "stored":
          if (line.duplicate) return block(line, about, [duplicateRow(line)]);
          // The router may be quicker than the producer's answer: the event has been shown then.
          return introduce(about) ? block(line, about, [eventRow(line)]) : "";
        case "routed": {
          const fresh = introduce(about);
          const rows = fresh ? [eventRow(line), ...routeRows(line)] : routeRows(line);
          return block(line, about, rows, !fresh && last === about);
        }
        case "waiting":
          return block(line, about, [
            { tone: "yellow", verb: "waits", text: `${line.trigger}: ${firstLine(line.reason ?? "")}` },
          ]);
        case "attempt":
          return block(line, about, attemptRows(line));
        case "dead":
          return block(line, about, [{ tone: "red", verb: "dead", text: deadText(line) }]);
        case "instance":
          return block(line, about, instanceRows(line, instances));
        case "output":
          return block(line, about, [outputRow(line)]);
        default: {
          const unknown: never = line.kind;
          return unknown;
        }
      }
    },
  };
}

function eventRow(line: TailLine): Row {
  return { tone: "cyan", verb: "event", text: eventText(line) };
}

function duplicateRow(line: TailLine): Row {
  return { tone: "dim", verb: "duplicate", text: `${eventText(line)}: stored once before, not again` };
}

function eventText({ event }: TailLine): string {
  if (!event) return "";
  const subject = event.subject === undefined ? "" : `  ${event.subject}`;
  return `${event.type}${subject}  from ${event.source}`;
}

function routeRows({ triggers = [], matched }: TailLine): readonly Row[] {
  // Who took the event is known of every event; what the others said of it only of a broker's own triggers.
  const taken = matched ?? triggers.flatMap((trigger) => (trigger.matched ? [trigger.name] : []));
  const missed = triggers.filter((trigger) => !trigger.matched && !taken.includes(trigger.name));
  if (taken.length + missed.length === 0) return [{ tone: "dim", verb: "no match", text: "no trigger took it" }];
  const width = Math.max(...taken.map((name) => name.length), ...missed.map(({ name }) => name.length));
  return [
    ...taken.map((name): Row => ({ tone: "green", verb: "match", text: name })),
    ...missed.map(({ name, why }): Row => {
      return { tone: "dim", verb: "no match", text: why === undefined ? name : `${name.padEnd(width)}  ${why}` };
    }),
  ];
}

function attemptRows(line: TailLine): readonly Row[] {
  const rows = [attemptRow(line)];
  const { note } = line;
  if (note?.reply) {
    rows.push({ tone: "cyan", verb: "reply", text: `${note.reply.type}, stored as ${note.reply.handle}` });
  }
  if (note?.warning !== undefined) rows.push({ tone: "yellow", verb: "warning", text: note.warning });
  return rows;
}

function attemptRow(line: TailLine): Row {
  const failed = failure(line);
  const count = line.attempt !== undefined && line.attempt > 1 ? [`attempt ${line.attempt}`] : [];
  const facts = [whereTo(line), ...statusFact(line, failed), ...timeFacts(line), ...count];
  switch (line.verdict) {
    case "done":
      return { tone: "green", verb: "delivered", text: facts.join("  ") };
    case "again":
      return { tone: "yellow", verb: "retry", text: [...facts, ...failed, ...next(line)].join("  ") };
    case "hold":
      return { tone: "yellow", verb: "held", text: [...facts, ...failed, ...next(line)].join("  ") };
    case "dead":
    case undefined:
      return { tone: "red", verb: "gave up", text: [...facts, ...failed].join("  ") };
    default: {
      const unknown: never = line.verdict;
      return unknown;
    }
  }
}

function outputRow({ stream, message }: TailLine): Row {
  return stream === "stderr"
    ? { tone: "yellow", verb: "stderr", text: message ?? "" }
    : { tone: "blue", verb: "prints", text: message ?? "" };
}

function whereTo(line: TailLine): string {
  if (line.stage === "dead-letter") return `${line.trigger} → dead-letter sink`;
  const to = targetOf(line);
  return to === undefined ? `${line.trigger}` : `${line.trigger} → ${to}`;
}

/** The service, or the URL of what is none. The address of an instance says nothing: it changes with every start. */
function targetOf({ note, namespace }: TailLine): string | undefined {
  const own = `${namespace}/`;
  if (note?.service !== undefined) return note.service.startsWith(own) ? note.service.slice(own.length) : note.service;
  return note?.instance === undefined ? note?.destination : undefined;
}

/** The status, unless the failure says it. */
function statusFact({ note }: TailLine, failed: readonly string[]): readonly string[] {
  const status = note?.status === undefined ? undefined : String(note.status);
  return status === undefined || failed.some((text) => text.split(/\W/).includes(status)) ? [] : [status];
}

function timeFacts({ note }: TailLine): readonly string[] {
  const answered = note?.responseMs === undefined ? [] : [`answered in ${renderMs(note.responseMs)}`];
  if (note?.instance === "cold") return [`cold, woken in ${renderMs(note.waitedMs ?? 0)}`, ...answered];
  if (note?.instance === "thawed") return [`thawed in ${renderMs(note.waitedMs ?? 0)}`, ...answered];
  return note?.instance === "warm" ? ["warm", ...answered] : answered;
}

/** Why it failed, without what the line says before: the URL, where it begins with the target, and the status. */
function failure({ message, reason, note, stage }: TailLine): readonly string[] {
  const text = firstLine(message ?? reason ?? "");
  const known = stage !== "dead-letter" && note?.destination !== undefined ? `${note.destination} ` : "";
  const rest = text.startsWith(known) ? text.slice(known.length) : text;
  return rest === "" || rest === `answered ${note?.status}` ? [] : [rest];
}

function next({ at, notBefore }: TailLine): readonly string[] {
  return notBefore === undefined ? [] : [`next in ${renderMs(notBefore - at)}`];
}

function deadText(line: TailLine): string {
  const trigger = line.trigger === undefined || line.trigger === "" ? "" : `${line.trigger}: `;
  return `${trigger}${firstLine(line.message ?? line.reason ?? "cannot be delivered")}; kept in the dead stream`;
}

/** What runs, by service, and why what is about to stop does so. */
interface Instances {
  readonly running: Map<string, Set<string>>;
  readonly idle: Map<string, string>;
}

/** What a start is told with that has no reason of its own. */
const plainStart = "is being started";

function instanceRows(line: TailLine, { running, idle }: Instances): readonly Row[] {
  const service = `${line.namespace}/${line.service}`;
  const here = running.get(service) ?? new Set<string>();
  running.set(service, here);
  const name = line.instance ?? "";
  switch (line.change) {
    case "starting":
      here.add(name);
      return [{ tone: "magenta", verb: "starting", text: line.message === plainStart ? "" : (line.message ?? "") }];
    case "ready":
      here.add(name);
      return [
        { tone: "magenta", verb: "ready", text: line.startMs === undefined ? "" : `after ${renderMs(line.startMs)}` },
      ];
    case "frozen":
    case "thawed":
      return [{ tone: "magenta", verb: line.change, text: line.message ?? "" }];
    case "idle":
      // Told with the stop that follows at once.
      idle.set(`${service} ${name}`, line.message ?? "was idle");
      return [];
    case "stopped": {
      here.delete(name);
      const unplaced = line.reason === undefined ? undefined : firstLine(line.message ?? line.reason);
      const why = unplaced ?? idle.get(`${service} ${name}`);
      idle.delete(`${service} ${name}`);
      const zero = here.size === 0 ? [`${line.service} is back to zero`] : [];
      return [{ tone: "magenta", verb: "stopped", text: [...(why === undefined ? [] : [why]), ...zero].join("; ") }];
    }
    case "failed":
      here.delete(name);
      return [{ tone: "red", verb: "failed", text: firstLine(line.message ?? "") }];
    case undefined:
      return [];
    default: {
      const unknown: never = line.change;
      return unknown;
    }
  }
}
