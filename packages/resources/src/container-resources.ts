import { z } from "zod";
import type { Findings, Problem } from "./problem.ts";
import { invalid } from "./problem.ts";
import { cpusOf, memoryBytesOf, type Quantity, type QuantityRead, quantityOf } from "./quantity.ts";

/** Amounts of what a container uses. */
interface Amounts {
  readonly cpu?: Quantity | undefined;
  readonly memory?: Quantity | undefined;
}

/** What a container may use, and what it is to be given. */
export interface ContainerResources {
  readonly limits?: Amounts | undefined;
  /** Not reserved. */
  readonly requests?: Amounts | undefined;
}

/** What a container may use at most; undefined is no limit. */
export interface Limits {
  readonly cpus: number | undefined;
  readonly memoryBytes: number | undefined;
}

const quantity = (description: string) => z.union([z.string(), z.number()]).optional().describe(description);

const limits = z.strictObject({
  cpu: quantity("CPUs it may use: 125m, 0.5, 2; default: no limit."),
  memory: quantity("Memory it may use: 512Mi, 1G; default: no limit. It is killed when it uses more."),
});

const requests = z.strictObject({ cpu: quantity("Not reserved."), memory: quantity("Not reserved.") });

/** The schema of a {@link ContainerResources}. */
export const resourcesSchema: z.ZodType<ContainerResources> = z.strictObject({
  limits: limits.optional().describe("What a container may use at most; no effect on a local process."),
  requests: requests.optional().describe("Accepted; nothing is reserved."),
});

/** The limits of an admitted container. */
export function limitsOf(resources: ContainerResources | undefined): Limits {
  const { cpu, memory } = resources?.limits ?? {};
  return { cpus: amountOf(cpu, cpusOf), memoryBytes: amountOf(memory, memoryBytesOf) };
}

/** What is wrong with the amounts, and that nothing is reserved. */
export function validateResources(given: ContainerResources | undefined, path: string): Findings {
  const problems: Problem[] = [];
  for (const [name, read] of [["cpu", cpusOf] as const, ["memory", memoryBytesOf] as const]) {
    const [most, least] = [given?.limits?.[name], given?.requests?.[name]];
    const limit = most === undefined ? undefined : read(most);
    if (limit?.kind === "invalid") problems.push(invalid(`${path}.limits.${name}`, limit.expected, most, limit.hint));
    if (least === undefined) continue;
    const at = `${path}.requests.${name}`;
    const requested = quantityOf(least);
    if (requested === undefined) problems.push(invalid(at, `an amount such as ${examples[name]}`, least));
    else if (limit?.kind === "value" && requested > limit.value)
      problems.push(invalid(at, `at most the limit, ${most}`, least));
  }
  const asked = given?.requests !== undefined && Object.keys(given.requests).length > 0;
  const told = `${path}.requests: nothing is reserved; an instance gets what is free, up to its limits`;
  return { problems, warnings: asked ? [told] : [] };
}

const examples = { cpu: "500m", memory: "512Mi" } as const;

function amountOf(given: Quantity | undefined, read: (given: Quantity) => QuantityRead): number | undefined {
  const found = given === undefined ? undefined : read(given);
  return found?.kind === "value" ? found.value : undefined;
}
