import type { Clock } from "@rouse/base";
import { type PingSourceObject, pingSourceKind, readAnnotation, rouseAnnotations } from "@rouse/resources";
import { createPingSource, type PingDefinition, type PingSource, type TickLedger } from "@rouse/sources";
import type { Logger } from "pino";
import type { Entry } from "../../store/port.ts";
import { overridesOf } from "./overrides.ts";
import type { SourceRecipe } from "./source-host.ts";

/** What running PingSources needs beside a sink. */
export interface PingTools {
  readonly ledger: TickLedger;
  readonly clock: Clock;
  readonly logger: Logger;
}

/** How PingSources are run. */
export function pingSourceRecipe(tools: PingTools): SourceRecipe<PingSourceObject, PingDefinition, PingSource> {
  const { ledger, clock, logger } = tools;
  return {
    definition: pingSourceKind,
    define: definitionOf,
    open: (definition, { sink, replaced }) =>
      createPingSource({
        definition: replaced ? { ...definition, effectiveFrom: clock.now() } : definition,
        sink,
        ledger,
        clock,
        journal: (note) => logger.debug({ source: `${definition.namespace}/${definition.name}`, note }, "a tick"),
      }),
    describe: () => ({ conditions: [], fields: {} }),
  };
}

function definitionOf(entry: Entry, { spec, metadata, ...rest }: PingSourceObject): PingDefinition {
  const object = { spec, metadata, ...rest };
  return {
    uid: entry.uid,
    namespace: entry.id.namespace,
    name: entry.id.name,
    schedule: spec.schedule,
    timezone: spec.timezone,
    contentType: spec.contentType,
    data: spec.data,
    dataBase64: spec.dataBase64,
    ceOverrides: overridesOf(spec.ceOverrides),
    missedTicks: readAnnotation(object, rouseAnnotations.missedTicks),
    missedTicksDeadlineMs: readAnnotation(object, rouseAnnotations.missedTicksDeadline),
    paused: false,
    createdAt: Date.parse(metadata.creationTimestamp ?? "") || 0,
  };
}
