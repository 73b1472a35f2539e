import type { NatsOptions } from "@rouse/broker";
import { type NatsSourceObject, natsSourceKind } from "@rouse/resources";
import { createNatsSource, type NatsSource, type NatsSourceDefinition } from "@rouse/sources";
import { natsConnection } from "../connections/nats.ts";
import type { ConnectingTools } from "./kafka-source-recipe.ts";
import { overridesOf } from "./overrides.ts";
import type { SourceRecipe } from "./source-host.ts";
import { connectedCondition, troubleField } from "./trouble.ts";

/** What NatsSources need beside the rest. */
export interface NatsTools extends ConnectingTools {
  /** The NATS that rouse is kept on; undefined with the memory engine. */
  readonly own: NatsOptions | undefined;
  /** Why a subject must not be listened to, if so. */
  readonly forbidden: (subject: string) => string | undefined;
  /** Why a stream of that NATS must not be read, if so. */
  readonly forbiddenStream: (name: string) => string | undefined;
}

/** How NatsSources are run. */
export function natsSourceRecipe(tools: NatsTools): SourceRecipe<NatsSourceObject, NatsSourceDefinition, NatsSource> {
  const { clock, random, secrets, own, forbidden, forbiddenStream } = tools;
  return {
    definition: natsSourceKind,
    async define(entry, { spec }) {
      const { namespace, name } = entry.id;
      const { stream } = spec;
      const wrong = spec.servers === undefined && stream ? forbiddenStream(stream.name) : undefined;
      if (wrong !== undefined) throw new Error(wrong);
      return {
        uid: entry.uid,
        namespace,
        name,
        connection: await natsConnection(spec.servers, spec.auth?.secret.ref.name, namespace, {
          secrets,
          own,
        }),
        subject: spec.subject,
        queueGroup: spec.queueGroup,
        stream: stream && {
          name: stream.name,
          consumer: stream.durable,
          filterSubjects: stream.filterSubjects.length === 0 ? undefined : stream.filterSubjects,
          deliverPolicy: stream.deliverPolicy,
        },
        ordering: spec.ordering,
        ceOverrides: overridesOf(spec.ceOverrides),
      };
    },
    open: (definition, { sink, changed }) => createNatsSource({ definition, sink, clock, random, changed, forbidden }),
    discard: (source) => source.discard(),
    describe(source) {
      const { connected, dropped, inFlight, pending, stream, trouble } = source.status();
      return {
        conditions: [connectedCondition("Deployed", "NatsTrouble", trouble, connected)],
        fields: { connected, stream, pending, inFlight, dropped, lastError: troubleField(trouble) },
      };
    },
  };
}
