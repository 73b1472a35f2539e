import type { Clock } from "@rouse/base";
import type { NatsOptions } from "@rouse/broker";
import type { TickLedger } from "@rouse/sources";
import type { Logger } from "pino";
import type { Hooks, Outlets } from "./data-plane/lookups.ts";
import type { Addresses, DestinationResolver } from "./reconcile/destination-resolver.ts";
import type { OpenBrokers } from "./reconcile/open-brokers.ts";
import type { KindReconciler } from "./reconcile/reconciler.ts";
import { OutletHost } from "./reconcile/sinks/outlet-host.ts";
import { kafkaSinkRecipe, rabbitmqSinkRecipe } from "./reconcile/sinks/outlet-recipes.ts";
import { httpSourceRecipe } from "./reconcile/sources/http-source-recipe.ts";
import { kafkaSourceRecipe } from "./reconcile/sources/kafka-source-recipe.ts";
import { natsSourceRecipe } from "./reconcile/sources/nats-source-recipe.ts";
import { ownStreams, ownSubjects } from "./reconcile/sources/own-nats.ts";
import { pingSourceRecipe } from "./reconcile/sources/ping-source-recipe.ts";
import { rabbitmqSourceRecipe } from "./reconcile/sources/rabbitmq-source-recipe.ts";
import { SourceHost } from "./reconcile/sources/source-host.ts";
import type { StatusWriter } from "./reconcile/status-writer.ts";
import type { SecretReader } from "./secrets/secret-reader.ts";

/** What running sources and sinks of every kind takes. */
export interface SourceHostsPorts {
  readonly brokers: OpenBrokers;
  readonly resolver: DestinationResolver;
  readonly statuses: StatusWriter;
  readonly addresses: Addresses;
  readonly secrets: SecretReader;
  readonly ledger: TickLedger;
  /** How the NATS is reached that rouse is kept on; undefined with the memory engine. */
  readonly nats: NatsOptions | undefined;
  /** Prefix of every stream of this installation. */
  readonly installation: string;
  readonly clock: Clock;
  readonly random: () => number;
  readonly logger: Logger;
  readonly redact: (text: string) => string;
  /** Told of a target key whose deliveries may go on. */
  readonly changed: (target: string) => void;
}

/** The sources and sinks of a process, and how the data plane finds those that are reached by HTTP. */
export function createSourceHosts(ports: SourceHostsPorts) {
  const { addresses, clock, installation, ledger, logger, random, secrets } = ports;
  const tools = { clock, random, secrets };
  const pings = new SourceHost(pingSourceRecipe({ ledger, clock, logger }), ports);
  const https = new SourceHost(httpSourceRecipe({ ...tools, addresses }), ports);
  const own = { forbidden: ownSubjects(installation), forbiddenStream: ownStreams(installation) };
  const nats = { ...tools, own: ports.nats, ...own };
  const sources = [
    pings,
    https,
    new SourceHost(kafkaSourceRecipe(tools), ports),
    new SourceHost(rabbitmqSourceRecipe(tools), ports),
    new SourceHost(natsSourceRecipe(nats), ports),
  ];
  const outletsOf = {
    kafkasinks: new OutletHost(kafkaSinkRecipe(tools), ports),
    rabbitmqsinks: new OutletHost(rabbitmqSinkRecipe(tools), ports),
  };
  const sinks = Object.values(outletsOf);
  const hooks: Hooks = {
    find: (namespace, name) => https.find(namespace, name)?.source,
    declared: (namespace, name) => https.declared(namespace, name),
  };
  const outlets: Outlets = { find: (plural, namespace, name) => outletsOf[plural].find(namespace, name) };
  return {
    sources: sources as readonly KindReconciler[],
    sinks: sinks as readonly KindReconciler[],
    hooks,
    outlets,
    nextTick: (namespace: string, name: string) => pings.find(namespace, name)?.source.status().nextTick,
    firePing: async (namespace: string, name: string) => pings.find(namespace, name)?.source.fire(),
    /** No more events come in; what was taken is stored or handed back. */
    async closeSources(): Promise<void> {
      await Promise.all(sources.map((each) => each.close()));
    },
    async closeSinks(): Promise<void> {
      await Promise.all(sinks.map((each) => each.closeAll()));
    },
  };
}
