import { isUtf8 } from "node:buffer";
import type { Clock } from "@rouse/base";
import { type HttpSourceObject, type HttpSourceSpec, httpSourceKind, parseDuration } from "@rouse/resources";
import { createHttpSource, type HttpSource, type HttpSourceDefinition } from "@rouse/sources";
import { SecretFault } from "../../secrets/secret-fault.ts";
import type { SecretReader } from "../../secrets/secret-reader.ts";
import { holds } from "../status-writer.ts";
import { overridesOf } from "./overrides.ts";
import type { SourceRecipe } from "./source-host.ts";
import { troubleField } from "./trouble.ts";

const toleranceDefaultMs = 300_000;

/** What HttpSources need. */
export interface HttpTools {
  readonly clock: Clock;
  readonly random: () => number;
  readonly secrets: Pick<SecretReader, "valueIfAny">;
  readonly addresses: { readonly dataPlaneUrl: string };
}

/** How HttpSources are run. */
export function httpSourceRecipe(tools: HttpTools): SourceRecipe<HttpSourceObject, HttpSourceDefinition, HttpSource> {
  const { clock, random, secrets, addresses } = tools;
  return {
    definition: httpSourceKind,
    async define(entry, { spec }) {
      const { namespace, name } = entry.id;
      const { event = {}, signature, challenge } = spec;
      const tolerance = parseDuration(signature?.tolerance ?? "PT5M");
      return {
        uid: entry.uid,
        namespace,
        name,
        preset: spec.preset,
        secrets: await keysOf(spec, namespace, secrets),
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

/** What deliveries are checked with. A source that could believe nobody does not run, and its status says so. */
async function keysOf(
  { secret, previousSecret }: HttpSourceSpec,
  namespace: string,
  secrets: HttpTools["secrets"],
): Promise<Uint8Array[]> {
  const keys: Uint8Array[] = [];
  for (const reference of [secret?.secretKeyRef, previousSecret?.secretKeyRef]) {
    const value = await secrets.valueIfAny(namespace, reference);
    const key = value && withoutLineEnd(value);
    if (key && key.length > 0) keys.push(key);
  }
  if (secret === undefined || keys.length > 0) return keys;
  const { name, key } = secret.secretKeyRef;
  const message = `the value of "${key}" in secret ${namespace}/${name} is missing or empty: nothing can be checked with it`;
  throw new SecretFault("SECRET_VALUE_MISSING", message);
}

/** Editors and `echo` end a text with a line break; a key of random bytes is whole as it is. */
function withoutLineEnd(value: Buffer): Uint8Array {
  const end = isUtf8(value) ? (/\r?\n$/.exec(value.toString("latin1"))?.[0].length ?? 0) : 0;
  return new Uint8Array(value.subarray(0, value.length - end));
}
