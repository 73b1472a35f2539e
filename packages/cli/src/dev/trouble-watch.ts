import { type Clock, sleep } from "@rouse/base";
import { type KindDefinition, lookUpKind, pathOf, type ResourceObject, serviceKind } from "@rouse/resources";
import type { AdminClient } from "../admin/client.ts";
import { firstLine, printable } from "../render/paint.ts";
import type { Owned } from "./plan.ts";

/** What {@link watchTroubles} needs. */
export interface TroubleWatchParts {
  readonly client: AdminClient;
  /** The objects in question, at each look. */
  objects(): Iterable<Owned>;
  readonly clock: Clock;
  /** Told of one that is not ready, once for each reason, and when it is ready again. */
  tell(what: string): void;
}

const lookMs = 2_000;

/**
 * Looks every two seconds whether the sources and sinks among the objects are ready, and whether anything can run the Services: nothing is delivered that would show
 * that one cannot reach what it reads from or writes to. Disposing ends it. Never throws.
 */
export function watchTroubles(parts: TroubleWatchParts): AsyncDisposable {
  const closing = new AbortController();
  const watching = watch(parts, closing.signal);
  return {
    async [Symbol.asyncDispose]() {
      closing.abort();
      await watching;
    },
  };
}

async function watch({ client, objects, clock, tell }: TroubleWatchParts, signal: AbortSignal): Promise<void> {
  const told = new Map<string, string>();
  for (;;) {
    await sleep(clock, lookMs, signal).catch(() => undefined);
    if (signal.aborted) return;
    for (const object of [...objects()]) {
      const definition = connecting(object);
      if (definition === undefined) continue;
      const trouble = await troubleOf(client, definition, object).catch(() => undefined);
      if (signal.aborted) return;
      const before = told.get(object.identity);
      if (trouble === undefined || trouble === (before ?? "")) continue;
      const label = `${definition.singular}/${object.name}`;
      tell(trouble === "" ? `${label} is ready again` : `${label} is not ready: ${trouble}`);
      told.set(object.identity, trouble);
    }
  }
}

/** What a Service is not ready for that shows nowhere before its first event: nothing here can run it. */
const unrunnable = "NoHost";

/** The kind of a source, a sink or a Service; undefined for all others, which show by themselves what is wrong. */
function connecting({ apiVersion, kind }: Owned): KindDefinition | undefined {
  const found = lookUpKind(apiVersion, kind);
  if (found.kind !== "found") return undefined;
  const { categories, plural } = found.definition;
  const watched = categories.includes("sources") || plural.endsWith("sinks") || plural === serviceKind.plural;
  return watched ? found.definition : undefined;
}

/** Why it is not ready; empty when it is, undefined when that is not known. */
async function troubleOf(
  client: AdminClient,
  definition: KindDefinition,
  { namespace, name }: Owned,
): Promise<string | undefined> {
  const object = await client.find<ResourceObject>(pathOf(definition, namespace, name));
  const ready = object?.status?.conditions?.find((each) => each.type === "Ready");
  if (ready === undefined || ready.status === "Unknown") return undefined;
  // A start that fails is in the timeline.
  if (ready.status === "True" || (definition === serviceKind && ready.reason !== unrunnable)) return "";
  return printable(firstLine(ready.message || ready.reason || "the server does not say why"));
}
