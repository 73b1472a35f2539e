import { type Clock, messageOf } from "@rouse/base";
import { internalBroker } from "@rouse/broker";
import {
  type ConditionChange,
  effectiveDelivery,
  type PingSourceObject,
  pingSourceKind,
  readAnnotation,
  rouseAnnotations,
} from "@rouse/resources";
import {
  createPingSource,
  type PingDefinition,
  type PingSource,
  type SinkAnswer,
  type TickLedger,
} from "@rouse/sources";
import type { Logger } from "pino";
import type { Entry } from "../store/port.ts";
import { brokerSink } from "./broker-sink.ts";
import type { DestinationResolver, Resolved } from "./destination-resolver.ts";
import { objectOf } from "./objects.ts";
import type { OpenBrokers } from "./open-brokers.ts";
import { fails, holds, type StatusWriter } from "./status-writer.ts";

/** What running PingSources needs. */
export interface PingPorts {
  readonly brokers: OpenBrokers;
  readonly resolver: DestinationResolver;
  readonly statuses: StatusWriter;
  readonly ledger: TickLedger;
  readonly clock: Clock;
  readonly logger: Logger;
}

interface Running {
  readonly form: string;
  readonly source: PingSource;
  /** The namespace whose internal log it feeds, when its sink is no broker. */
  readonly addressee: string | undefined;
}

/** Runs the PingSources that the objects name, and keeps their conditions. */
export class PingSourceReconciler {
  private readonly running = new Map<string, Running>();
  private readonly ports: PingPorts;
  private started = false;

  constructor(ports: PingPorts) {
    this.ports = ports;
  }

  /** Sources begin to tick; before this they are only prepared, so that nothing fires while the configuration loads. */
  start(): void {
    this.started = true;
    for (const { source } of this.running.values()) source.start();
  }

  async apply(entry: Entry): Promise<void> {
    const object = objectOf<PingSourceObject>(entry);
    const resolved = this.ports.resolver.resolve(object.spec.sink, entry.id.namespace);
    const key = keyOf(entry);
    const { ref } = object.spec.sink;
    const direct = ref?.kind === "Broker" && object.spec.sink.uri === undefined;
    const place = { namespace: ref?.namespace ?? entry.id.namespace, broker: direct ? ref.name : internalBroker };
    if (!direct) await this.addAddressee(entry, resolved);
    const definition = definitionOf(entry, object);
    const form = JSON.stringify([definition, place]);
    const before = this.running.get(key);
    if (before?.form !== form) {
      this.running.delete(key);
      await before?.source[Symbol.asyncDispose]();
      if (before?.addressee && direct) this.dropAddressee(entry);
      this.report(
        entry,
        resolved,
        this.open(key, form, definition, place, direct ? undefined : entry.id.namespace, before !== undefined),
      );
      return;
    }
    this.report(entry, resolved);
  }

  async remove(entry: Entry): Promise<void> {
    const gone = this.running.get(keyOf(entry));
    this.running.delete(keyOf(entry));
    await gone?.source[Symbol.asyncDispose]();
    if (gone?.addressee) this.dropAddressee(entry);
  }

  /** Fires one event now; undefined when there is no such source here. */
  async fire(namespace: string, name: string): Promise<SinkAnswer | undefined> {
    return this.running.get(`${namespace}/${name}`)?.source.fire();
  }

  async close(): Promise<void> {
    await Promise.all([...this.running.values()].map(({ source }) => source[Symbol.asyncDispose]()));
    this.running.clear();
  }

  /** Returns what is wrong, when it could not be opened. */
  private open(
    key: string,
    form: string,
    definition: PingDefinition,
    place: { namespace: string; broker: string },
    addressee: string | undefined,
    replaced: boolean,
  ): string | undefined {
    const { brokers, ledger, clock, logger } = this.ports;
    try {
      const sink = brokerSink(brokers, place, addressee === undefined ? undefined : definition.uid);
      const source = createPingSource({
        definition: replaced ? { ...definition, effectiveFrom: clock.now() } : definition,
        sink,
        ledger,
        clock,
        journal: (note) => logger.debug({ source: key, note }, "a tick"),
      });
      this.running.set(key, { form, source, addressee });
      if (this.started) source.start();
      return undefined;
    } catch (failure) {
      return messageOf(failure);
    }
  }

  /** The implicit trigger, of the source's own uid, that delivers from the internal log to a sink that is no broker. */
  private async addAddressee(entry: Entry, resolved: Resolved): Promise<void> {
    const { namespace, name } = entry.id;
    const { deadLetterSink: _none, ...policy } = effectiveDelivery();
    await this.ports.brokers.openInternal(namespace);
    this.ports.brokers.matcher(namespace, internalBroker).put({
      uid: entry.uid,
      namespace,
      broker: internalBroker,
      name,
      generation: 1,
      fromSequence: 0,
      paused: false,
      filter: { kind: "everything" },
      subscriber: resolved.target,
      deadLetterSink: undefined,
      policy,
      breaker: { holdMaxMs: rouseAnnotations.holdMax.default },
      maxInFlight: rouseAnnotations.maxInFlight.default,
      discardReplies: true,
    });
  }

  private dropAddressee(entry: Entry): void {
    this.ports.brokers.matcher(entry.id.namespace, internalBroker).remove(entry.uid);
  }

  private report(entry: Entry, resolved: Resolved, wrong?: string): void {
    const conditions = new Map<string, ConditionChange>(
      pingSourceKind.conditions.dependents.map((type) => [type, holds(type)]),
    );
    if (resolved.target.kind === "unresolved") {
      conditions.set("SinkProvided", fails("SinkProvided", "SinkNotFound", resolved.target.reason));
    }
    if (wrong !== undefined) conditions.set("Deployed", fails("Deployed", "SourceInvalid", wrong));
    this.ports.statuses.report(entry, {
      conditionSet: pingSourceKind.conditions,
      conditions: [...conditions.values()],
      fields: { sinkUri: resolved.uri },
    });
  }
}

function keyOf(entry: Entry): string {
  return `${entry.id.namespace}/${entry.id.name}`;
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
    ceOverrides: spec.ceOverrides && { extensions: spec.ceOverrides.extensions ?? {} },
    missedTicks: readAnnotation(object, rouseAnnotations.missedTicks),
    missedTicksDeadlineMs: readAnnotation(object, rouseAnnotations.missedTicksDeadline),
    paused: false,
    createdAt: Date.parse(metadata.creationTimestamp ?? "") || 0,
  };
}
