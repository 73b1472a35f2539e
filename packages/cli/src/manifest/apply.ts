import { type KindDefinition, kinds, pathOf } from "@rouse/resources";
import type { AdminClient, ApiObject } from "../admin/client.ts";
import { CliFault } from "../errors.ts";
import type { Declared } from "./manifest.ts";

/** What applying an object came to. */
export interface Applied {
  readonly outcome: "created" | "configured" | "unchanged";
  readonly object: ApiObject;
  readonly warnings: readonly string[];
}

const attemptsMax = 5;

/** Objects in the order in which they should be applied: what others refer to comes first. */
export function inOrder(objects: readonly Declared[]): readonly Declared[] {
  const rank = ({ definition }: Declared) => kinds.indexOf(definition);
  return [...objects].sort((a, b) => rank(a) - rank(b));
}

/**
 * Makes the object as it is declared: creates it, or replaces what is there. When somebody else writes it at the same
 * time, it is read and written again, at most five times.
 * @throws CliFault
 */
export async function applyObject(
  client: AdminClient,
  { definition, document, object }: Pick<Declared, "definition" | "document" | "object">,
  options: { readonly dryRun?: boolean } = {},
): Promise<Applied> {
  const { namespace, name } = object.metadata;
  const query = options.dryRun ? "?dryRun=All" : "";
  const path = pathOf(definition, namespace, name);
  for (let attempt = 1; ; attempt++) {
    const current = name === undefined ? undefined : await client.find<ApiObject>(path);
    try {
      if (!current) return await create(client, pathOf(definition, namespace) + query, document);
      return await replace(client, path + query, document, current);
    } catch (thrown) {
      // A conflict without causes: somebody was quicker.
      const again = thrown instanceof CliFault && thrown.code === "CLI_REFUSED" && isConflict(thrown);
      if (!again || attempt >= attemptsMax) throw thrown;
    }
  }
}

/** `trigger.eventing.knative.dev/orders`. */
export function nameOfObject(definition: Pick<KindDefinition, "singular" | "group">, name: string): string {
  return `${definition.singular}${definition.group === "" ? "" : `.${definition.group}`}/${name}`;
}

async function create(client: AdminClient, path: string, document: object): Promise<Applied> {
  const { body, warnings } = await client.call<ApiObject>(path, { method: "POST", json: document });
  return { outcome: "created", object: body, warnings };
}

async function replace(client: AdminClient, path: string, document: object, current: ApiObject): Promise<Applied> {
  const { resourceVersion, generation } = current.metadata;
  const metadata = { ...(document as { metadata: object }).metadata, resourceVersion };
  const { body, warnings } = await client.call<ApiObject>(path, { method: "PUT", json: { ...document, metadata } });
  const same = body.metadata.resourceVersion === resourceVersion && body.metadata.generation === generation;
  return { outcome: same ? "unchanged" : "configured", object: body, warnings };
}

function isConflict(fault: CliFault): boolean {
  return /has been modified|already exists/.test(fault.message);
}
