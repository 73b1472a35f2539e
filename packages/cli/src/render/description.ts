import { type Condition, type KindDefinition, kindName, type ResourceObject } from "@rouse/resources";
import { stringify } from "yaml";
import { firstLine, printable } from "./paint.ts";
import { renderAge, renderMs } from "./span.ts";
import { renderTable } from "./table.ts";

/** What is told of a service's instances; the shape of `GET /-/services/<namespace>/<name>`. */
export interface InstancesView {
  readonly instances: Readonly<Record<"starting" | "ready" | "frozen" | "stopping", number>>;
  readonly inFlight: number;
  readonly waiting: number;
  readonly backlog: number;
  readonly leases: Readonly<Record<"cold" | "thawed" | "warm", number>>;
  readonly coldStarts: number;
  readonly prewarmed: number;
  readonly failuresByCause: Readonly<Record<string, number>>;
  readonly ownStart?: StartTimes;
  readonly ourStart?: StartTimes;
  readonly instanceSeconds: number;
  readonly discoveredPort?: number;
  readonly failure?: { readonly reason: string; readonly message: string; readonly since: number };
}

/** Milliseconds. */
interface StartTimes {
  readonly p50: number;
  readonly p95: number;
}

/** An object for reading: who it is, what it says, how it fares. */
export function renderDescription(
  definition: KindDefinition,
  object: ResourceObject,
  instances: InstancesView | undefined,
  now: number,
): string {
  const { metadata, status } = object;
  const created = Date.parse(metadata.creationTimestamp ?? "");
  const address = (status as { readonly address?: { readonly url?: string } } | undefined)?.address?.url;
  const facts: [string, string | undefined][] = [
    ["Name", metadata.name],
    ["Namespace", metadata.namespace],
    ["Kind", kindName(definition)],
    ["Age", Number.isNaN(created) ? undefined : renderAge(now - created)],
    ["URL", address],
    ["Labels", pairs(metadata.labels)],
    ["Annotations", pairs(metadata.annotations)],
  ];
  const head = facts.flatMap(([name, value]) => (value === undefined ? [] : [[`${name}:`, printable(value)]]));
  if (definition.spec === undefined) return renderTable(undefined, head) + values(object);
  return [
    renderTable(undefined, head),
    `\nSpec:\n${indented(stringify(object.spec ?? {}, { lineWidth: 0 }))}`,
    state(object),
    conditions(object, now),
    instances ? instancesText(instances, now) : "",
  ].join("");
}

function pairs(map: Readonly<Record<string, string>> | undefined): string | undefined {
  const entries = Object.entries(map ?? {});
  return entries.length === 0 ? undefined : entries.map(([name, value]) => `${name}=${value}`).join(", ");
}

/** The keys of a Secret, and how long their values are: more the server does not tell. */
function values({ status }: ResourceObject): string {
  const { sizes = {} } = (status ?? {}) as { readonly sizes?: Readonly<Record<string, string>> };
  const rows = Object.entries(sizes).map(([key, size]) => [`${printable(key)}:`, printable(size)]);
  return rows.length === 0 ? "\nData: none is stored\n" : `\nData:\n${indented(renderTable(undefined, rows))}`;
}

interface Told {
  readonly conditions?: readonly Condition[];
  readonly lastError?: { readonly message: string };
}

/** What the status tells beside conditions and address: partitions and lag, the last trouble, where events go. */
function state({ status }: ResourceObject): string {
  const { conditions = [], lastError } = (status ?? {}) as Told;
  const known = conditions.some(({ message }) => message !== undefined && message === lastError?.message);
  const elsewhere = ["conditions", "observedGeneration", "address", "instances", ...(known ? ["lastError"] : [])];
  const told = Object.entries(status ?? {}).filter(([name, value]) => !elsewhere.includes(name) && value != null);
  if (told.length === 0) return "";
  return `\nStatus:\n${indented(printableLines(stringify(Object.fromEntries(told), { lineWidth: 0 })))}`;
}

function printableLines(text: string): string {
  return text.split("\n").map(printable).join("\n");
}

const marks = { True: "++", False: "!!", Unknown: "??" } as const;

function conditions({ status }: ResourceObject, now: number): string {
  const all = status?.conditions ?? [];
  if (all.length === 0) return "\nConditions: none yet\n";
  const rows = [...all]
    .sort((a, b) => Number(b.type === "Ready") - Number(a.type === "Ready"))
    .map((each) => {
      const since = Date.parse(each.lastTransitionTime ?? "");
      const age = Number.isNaN(since) ? "" : renderAge(now - since);
      return [marks[each.status], each.type, age, each.reason ?? "", printable(firstLine(each.message ?? ""))];
    });
  return `\nConditions:\n${indented(renderTable(["OK", "TYPE", "AGE", "REASON", "MESSAGE"], rows))}`;
}

function startsText({ coldStarts, prewarmed }: InstancesView): string {
  const times = coldStarts === 1 ? "once" : `${coldStarts} times`;
  return prewarmed > 0 ? `${times}, ${prewarmed} of them ahead of an expected event` : times;
}

function instancesText(view: InstancesView, now: number): string {
  const { ready, frozen, starting, stopping } = view.instances;
  const { cold, thawed, warm } = view.leases;
  const waits = [...counted({ waiting: view.waiting, "in lanes": view.backlog })];
  const facts: readonly (readonly [string, string])[] = [
    ["Running:", counted({ ready, frozen, starting, stopping }).join(", ") || "none (zero)"],
    ["In flight:", [String(view.inFlight), ...waits].join(", ")],
    ["Requests:", counted({ cold, thawed, warm }).join(", ") || "none yet"],
    ["From zero:", startsText(view)],
    ["Own start:", timesText(view.ownStart)],
    ["Our share:", timesText(view.ourStart)],
    ["Ran for:", `${view.instanceSeconds.toFixed(1)} instance-seconds`],
    ["Listens on:", view.discoveredPort === undefined ? "" : `${view.discoveredPort} (not on the PORT it was given)`],
    ["Failed starts:", counted(view.failuresByCause).map(printable).join(", ") || "0"],
  ];
  const rows = facts.filter(([, text]) => text !== "");
  const { failure } = view;
  const failed = failure
    ? `  Last start failed ${renderAge(now - failure.since)} ago (${failure.reason}):\n${indented(indented(failure.message.split("\n").map(printable).join("\n")))}`
    : "";
  return `\nInstances:\n${indented(renderTable(undefined, rows))}${failed}`;
}

/** `12 cold`: what there is any of. */
function counted(of: Readonly<Record<string, number>>): string[] {
  return Object.entries(of).flatMap(([name, count]) => (count > 0 ? [`${count} ${name}`] : []));
}

function timesText(times: StartTimes | undefined): string {
  if (!times) return "";
  const text = (ms: number) => (ms < 10 ? `${ms.toFixed(1)} ms` : renderMs(ms));
  return `${text(times.p50)} (median), ${text(times.p95)} (95 %)`;
}

function indented(text: string): string {
  return text
    .replace(/\n$/, "")
    .replace(/^(?=.)/gm, "  ")
    .concat("\n");
}
