import { didYouMean, type KindDefinition, pathOf } from "@rouse/resources";
import type { AdminClient, ApiObject } from "../admin/client.ts";
import { CliFault } from "../errors.ts";

/** The object that a command names. */
export interface Named {
  readonly definition: KindDefinition;
  readonly namespace: string;
  readonly name: string;
}

/** Does something with a named object; when it is not there, the fault's hint is the nearest name, or who lists them. */
export async function withNameHint<T>(client: AdminClient, named: Named, act: () => Promise<T>): Promise<T> {
  try {
    return await act();
  } catch (thrown) {
    if (!(thrown instanceof CliFault) || thrown.code !== "CLI_NOT_FOUND" || thrown.hint !== undefined) throw thrown;
    throw new CliFault(thrown.code, thrown.message, { hint: await hintOf(client, named), cause: thrown });
  }
}

async function hintOf(client: AdminClient, { definition, namespace, name }: Named): Promise<string> {
  const names = await namesOf(client, definition, namespace);
  const place = namespace === "default" ? "" : ` -n ${namespace}`;
  return didYouMean(name, names) ?? `rouse get ${definition.plural}${place} lists those there are`;
}

/** What is there; nothing when that cannot be told, since the fault to be told is another one. */
async function namesOf(client: AdminClient, definition: KindDefinition, namespace: string): Promise<readonly string[]> {
  const answer = await client
    .call<{ readonly items?: readonly ApiObject[] }>(pathOf(definition, namespace))
    .catch(() => undefined);
  return (answer?.body.items ?? []).map((each) => each.metadata.name);
}
