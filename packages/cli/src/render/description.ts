import { type Condition, type KindDefinition, kindName, type ResourceObject } from "@rouse/resources";
import { stringify } from "yaml";
import { firstLine, printable } from "./paint.ts";
import { renderAge } from "./span.ts";
import { renderTable } from "./table.ts";

/** What is told of a service's instances; the shape of `GET /-/services/<namespace>/<name>`. */
export interface InstancesView {
  readonly instances: { readonly starting: number; readonly ready: number; readonly stopping: number };
  readonly inFlight: number;
  readonly coldStarts: number;
  readonly startFailures: number;
  readonly failure?: { readonly reason: string; readonly message: string; readonly since: number };
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
  const elsewhere = ["conditions", "observedGeneration", "address", ...(known ? ["lastError"] : [])];
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

function instancesText(view: InstancesView, now: number): string {
  const { ready, starting, stopping } = view.instances;
  const rows = [
    [
      "Running:",
      ready + starting + stopping === 0 ? "none (zero)" : `${ready} ready, ${starting} starting, ${stopping} stopping`,
    ],
    ["In flight:", String(view.inFlight)],
    ["Cold starts:", String(view.coldStarts)],
    ["Failed starts:", String(view.startFailures)],
  ];
  const { failure } = view;
  const failed = failure
    ? `  Last start failed ${renderAge(now - failure.since)} ago (${failure.reason}):\n${indented(indented(failure.message.split("\n").map(printable).join("\n")))}`
    : "";
  return `\nInstances:\n${indented(renderTable(undefined, rows))}${failed}`;
}

function indented(text: string): string {
  return text
    .replace(/\n$/, "")
    .replace(/^(?=.)/gm, "  ")
    .concat("\n");
}
