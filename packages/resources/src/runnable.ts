import { rouseAnnotations } from "./annotations.ts";
import type { Container } from "./container.ts";
import { type Problem, required } from "./problem.ts";
import type { ResourceObject } from "./resource-object.ts";
import type { TemplateMetadata } from "./template.ts";

/** An object with a template of what is run: a Service or a ContainerSource. */
export type RunnableObject = ResourceObject<{
  readonly template: {
    readonly metadata?: TemplateMetadata | undefined;
    readonly spec: { readonly containers?: readonly Container[] | undefined };
  };
}>;

/** True when a local process is to be run, whatever image there is. */
export function hasCommand(object: RunnableObject): boolean {
  const { name } = rouseAnnotations.command;
  return [object.metadata.annotations, object.spec.template.metadata?.annotations].some(
    (annotations) => annotations?.[name] !== undefined,
  );
}

/** The problem of a template that says neither image nor command. */
export function nothingToRun(object: RunnableObject): Problem[] {
  const image = object.spec.template.spec.containers?.[0]?.image;
  if (image !== undefined || hasCommand(object)) return [];
  const hint = `metadata.annotations: {${rouseAnnotations.command.name}: node server.js} runs a local process`;
  const expected = `an image, or the annotation ${rouseAnnotations.command.name}`;
  return [required("spec.template.spec.containers[0].image", expected, hint)];
}
