import { type Clock, sleep } from "@rouse/base";
import { lookUpKind, pathOf, type ResourceObject } from "@rouse/resources";
import type { AdminClient } from "../admin/client.ts";
import type { Owned } from "./plan.ts";

const askMs = 20;
const settleMaxMs = 5_000;
/** Until they are open, an event is refused, or passes them by. A service may be woken whenever it is ready. */
const awaited: readonly string[] = ["Broker", "Trigger"];

/**
 * Resolves when the server has taken up the brokers and triggers among the objects, for good or ill, as they were
 * applied; after five seconds, or when the signal aborts, at once.
 * @throws CliFault when the server cannot be asked.
 */
export async function settled(
  client: AdminClient,
  objects: Iterable<Owned>,
  clock: Clock,
  signal: AbortSignal,
): Promise<void> {
  const until = clock.monotonic() + settleMaxMs;
  for (const each of objects) {
    if (!awaited.includes(each.kind)) continue;
    while (!(await isTakenUp(client, each))) {
      if (clock.monotonic() >= until || signal.aborted) return;
      await sleep(clock, askMs, signal).catch(() => undefined);
    }
  }
}

async function isTakenUp(client: AdminClient, { apiVersion, kind, namespace, name }: Owned): Promise<boolean> {
  const found = lookUpKind(apiVersion, kind);
  if (found.kind !== "found") return true;
  const object = await client.find<ResourceObject>(pathOf(found.definition, namespace, name));
  if (!object) return true;
  const { observedGeneration = 0, conditions = [] } = object.status ?? {};
  const ready = conditions.find((each) => each.type === "Ready");
  return observedGeneration >= (object.metadata.generation ?? 1) && ready !== undefined && ready.status !== "Unknown";
}
