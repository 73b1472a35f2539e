import { internalBroker } from "@rouse/broker";
import { type DeliverySpec, type Destination, effectiveDelivery, rouseAnnotations } from "@rouse/resources";
import { targetKey } from "@rouse/triggers";
import { inFlightMax } from "../../capacity.ts";
import { headersFrom, withHeaders } from "../../secrets/headers-from.ts";
import type { SecretReader } from "../../secrets/secret-reader.ts";
import type { Entry } from "../../store/port.ts";
import type { DestinationResolver, Resolved } from "../destination-resolver.ts";
import { objectOf } from "../objects.ts";
import type { OpenBrokers } from "../open-brokers.ts";

/** Where the events of a source go first. */
export interface FirstStop {
  readonly namespace: string;
  readonly broker: string;
  /** True: the broker is the sink itself; false: the internal log, from which an implicit trigger delivers to the sink. */
  readonly direct: boolean;
}

/** A sink that is a Broker takes events in process; everything else is delivered to from the namespace's internal log. */
export function firstStop(sink: Destination, namespace: string): FirstStop {
  const { ref, uri } = sink;
  return ref?.kind === "Broker" && uri === undefined
    ? { namespace: ref.namespace ?? namespace, broker: ref.name, direct: true }
    : { namespace, broker: internalBroker, direct: false };
}

/** What the implicit triggers need. */
export interface AddresseePorts {
  readonly brokers: OpenBrokers;
  readonly resolver: DestinationResolver;
  readonly secrets: Pick<SecretReader, "all">;
  /** Told of a target key whose deliveries may go on: a sink that was held is there now. */
  readonly changed: (target: string) => void;
}

/** The implicit triggers of the sources whose sink is no broker: each has its source's uid. */
export class Addressees {
  private readonly brokers: OpenBrokers;
  private readonly resolver: DestinationResolver;
  private readonly secrets: Pick<SecretReader, "all">;
  private readonly changed: (target: string) => void;
  private readonly placed = new Set<string>();

  constructor(ports: AddresseePorts) {
    this.brokers = ports.brokers;
    this.resolver = ports.resolver;
    this.secrets = ports.secrets;
    this.changed = ports.changed;
  }

  /**
   * Adds the trigger of a source, or puts it right. `delivery` is the source's own specification, if its kind has one.
   * Resolves to the sink, held while the headers that the source asks for (`rouse.dev/headers-from`) are not there.
   */
  async put(entry: Entry, sink: Resolved, delivery?: DeliverySpec): Promise<Resolved> {
    const headers = await headersFrom(objectOf(entry), this.secrets);
    const subscriber = withHeaders(sink, headers);
    const { namespace, name } = entry.id;
    const { deadLetterSink, ...policy } = effectiveDelivery({ spec: { delivery } });
    await this.brokers.openInternal(namespace);
    this.brokers.matcher(namespace, internalBroker).put({
      uid: entry.uid,
      namespace,
      broker: internalBroker,
      name,
      generation: entry.objectRevision,
      fromSequence: 0,
      paused: false,
      filter: { kind: "everything" },
      subscriber: subscriber.target,
      deadLetterSink: deadLetterSink && this.resolver.resolve(deadLetterSink, namespace).target,
      policy,
      breaker: { holdMaxMs: rouseAnnotations.holdMax.default },
      maxInFlight: inFlightMax(subscriber.target),
      discardReplies: true,
      headers: headers.kind === "headers" ? headers.headers : undefined,
    });
    this.placed.add(entry.uid);
    this.changed(targetKey(subscriber.target));
    return subscriber;
  }

  /** The sink is a broker now: what still lies in the internal log goes to it too. */
  async redirect(entry: Entry, sink: Resolved): Promise<void> {
    if (this.placed.has(entry.uid)) await this.put(entry, sink);
  }

  drop(entry: Entry): void {
    if (this.placed.delete(entry.uid)) this.brokers.matcher(entry.id.namespace, internalBroker).remove(entry.uid);
  }
}
