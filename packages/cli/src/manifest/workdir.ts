import { resolve } from "node:path";
import { rouseAnnotations } from "@rouse/resources";

const runnable = ["Service", "ContainerSource"];

type Fields = Readonly<Record<string, unknown>>;

/**
 * The document of a Service or a ContainerSource with `rouse.dev/workdir` (default: the manifest's own folder) as an absolute path, because the
 * server does not know where the manifest lies. Documents without `rouse.dev/command` come back as they are.
 */
export function withWorkdir(document: unknown, folder: string): unknown {
  if (!isFields(document) || !runnable.includes(String(document.kind))) return document;
  const template = fieldsAt(document, "spec", "template");
  const own = fieldsAt(document, "metadata", "annotations");
  const inner = fieldsAt(template, "metadata", "annotations");
  const { command, workdir } = rouseAnnotations;
  if (own?.[command.name] === undefined && inner?.[command.name] === undefined) return document;
  const absolute = (annotations: Fields | undefined): Fields => {
    const given = annotations?.[workdir.name];
    return { ...annotations, [workdir.name]: resolve(folder, typeof given === "string" ? given : ".") };
  };
  if (template && inner?.[workdir.name] !== undefined) {
    const metadata = { ...(template.metadata as Fields), annotations: absolute(inner) };
    return { ...document, spec: { ...(document.spec as Fields), template: { ...template, metadata } } };
  }
  return { ...document, metadata: { ...(document.metadata as Fields), annotations: absolute(own) } };
}

function fieldsAt(value: unknown, ...path: readonly string[]): Fields | undefined {
  let at = value;
  for (const name of path) at = isFields(at) ? at[name] : undefined;
  return isFields(at) ? at : undefined;
}

function isFields(value: unknown): value is Fields {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
