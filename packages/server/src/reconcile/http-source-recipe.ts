import type { Clock } from "@rouse/base";
import { type HttpSourceObject, httpSourceKind, parseDuration } from "@rouse/resources";
import { createHttpSource, type HttpSource, type HttpSourceDefinition } from "@rouse/sources";
import { type ConnectionSecrets, secretText } from "./connections/secret-values.ts";
import { overridesOf } from "./overrides.ts";
import type { SourceRecipe } from "./source-host.ts";
import { holds } from "./status-writer.ts";
import { troubleField } from "./trouble.ts";

const toleranceDefaultMs = 300_000;

/** What HttpSources need. */
export interface HttpTools {
  readonly clock: Clock;
  readonly random: () => number;
  readonly secrets: ConnectionSecrets;
  readonly addresses: { readonly dataPlaneUrl: string };
}

/** How HttpSources are run. */
export function httpSourceRecipe(tools: HttpTools): SourceRecipe<HttpSourceObject, HttpSourceDefinition, HttpSource> {
  const { clock, random, secrets, addresses } = tools;
  return {
    definition: httpSourceKind,
    async define(entry, { spec }) {
      const { namespace, name } = entry.id;
      const { event = {}, secret, previousSecret, signature, challenge } = spec;
      const texts = await Promise.all(
        [secret, previousSecret].map((each) => secretText(secrets, namespace, each?.secretKeyRef)),
      );
      const tolerance = parseDuration(signature?.tolerance ?? "PT5M");
      return {
        uid: entry.uid,
        namespace,
        name,
        preset: spec.preset,
        secrets: texts.flatMap((text) => (text === undefined ? [] : [new TextEncoder().encode(text)])),
        signature,
        toleranceMs: tolerance.kind === "invalid" ? toleranceDefaultMs : tolerance.ms,
        event,
        challenge,
        maxBytes: spec.maxBytes,
        ceOverrides: overridesOf(spec.ceOverrides),
      };
    },
    open: (definition, { sink, changed }) => createHttpSource({ definition, sink, clock, random, changed }),
    describe(source, { namespace, name }) {
      const { distrusted, duplicates, refused, stored, trouble, unavailable } = source.status();
      return {
        // A sender that signs wrongly is no fault of this source: the trouble is told, the source stays ready.
        conditions: [holds("Deployed")],
        fields: {
          address: { url: `${addresses.dataPlaneUrl}/-/hooks/${namespace}/${name}` },
          deliveries: { stored, duplicates, distrusted, refused, unavailable },
          lastError: troubleField(trouble),
        },
      };
    },
  };
}
