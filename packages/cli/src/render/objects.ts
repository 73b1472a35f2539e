import type { KindDefinition, PrinterColumn, ResourceObject } from "@rouse/resources";
import { stringify } from "yaml";
import { nameOfObject } from "../manifest/apply.ts";
import { printable } from "./paint.ts";
import { renderAge } from "./span.ts";
import { renderTable } from "./table.ts";

/** Objects of one kind. */
export interface ObjectsOfKind {
  readonly definition: KindDefinition;
  readonly objects: readonly ResourceObject[];
}

/** How a table is to be printed. */
export interface TableOptions {
  readonly wide: boolean;
  readonly headers: boolean;
  /** With a column for the namespace. */
  readonly allNamespaces: boolean;
  /** With the kind before each name. */
  readonly withKind: boolean;
  /** Milliseconds since the epoch. */
  readonly now: number;
}

/** A table of the objects of one kind, with the kind's own columns. */
export function renderObjectTable({ definition, objects }: ObjectsOfKind, options: TableOptions): string {
  const columns = definition.columns.filter((column) => column.priority === 0 || options.wide);
  const header = [
    ...(options.allNamespaces ? ["NAMESPACE"] : []),
    "NAME",
    ...columns.map(({ name }) => name.toUpperCase()),
  ];
  const rows = objects.map((object) => [
    ...(options.allNamespaces ? [object.metadata.namespace] : []),
    options.withKind ? nameOfObject(definition, object.metadata.name) : object.metadata.name,
    ...columns.map((column) => cellOf(column, object, options.now)),
  ]);
  return renderTable(options.headers ? header : undefined, rows);
}

/** One object, or a List of them, as JSON or YAML. */
export function renderDocument(value: unknown, format: "json" | "yaml"): string {
  return format === "json" ? `${JSON.stringify(value, null, 2)}\n` : stringify(value, { lineWidth: 0 });
}

/** A List as kubectl prints several objects. */
export function listOf(items: readonly unknown[]): object {
  return { apiVersion: "v1", kind: "List", metadata: {}, items };
}

function cellOf(column: PrinterColumn, object: ResourceObject, now: number): string {
  const value = column.value(object);
  if (value === undefined || value === "") return "";
  if (column.type !== "date") return printable(value);
  const at = Date.parse(value);
  return Number.isNaN(at) ? printable(value) : renderAge(now - at);
}
