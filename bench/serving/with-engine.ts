import type { Engine } from "@rouse/serving-client/testing";
import { engineHint, findEngine, startEngine } from "@rouse/serving-client/testing";
import type { ServiceProgram } from "../rouse/manifests.ts";
import { instanceProgram } from "./program.ts";

/** Why nothing can be measured with containers here; undefined when it can. */
export function engineMissing(): string | undefined {
  return findEngine() ? undefined : `no container engine here; ${engineHint}`;
}

/** Starts an engine with the image that {@link containerProgram} needs. */
export async function engineWithNode(): Promise<Engine> {
  const engine = await startEngine();
  try {
    await engine.image("node");
    return engine;
  } catch (failure) {
    await engine[Symbol.asyncDispose]();
    throw failure;
  }
}

/** The bench's instance in a container. */
export function containerProgram({ images }: Engine): ServiceProgram {
  return { kind: "container", image: images.node, command: ["/bin/node", "-e", instanceProgram()] };
}
