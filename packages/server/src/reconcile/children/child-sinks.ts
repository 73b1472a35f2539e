import type { Clock } from "@rouse/base";
import { type CloudEvent, identityOf } from "@rouse/events";
import type { DeliverySpec, Destination } from "@rouse/resources";
import type { SinkAnswer } from "@rouse/sources";
import type { Inlet, Inlets } from "../../data-plane/lookups.ts";
import type { SecretReader } from "../../secrets/secret-reader.ts";
import type { Entry } from "../../store/port.ts";
import type { Addresses, DestinationResolver, Resolved } from "../destination-resolver.ts";
import type { OpenBrokers } from "../open-brokers.ts";
import { Addressees, firstStop } from "../sources/addressee.ts";
import { brokerSink } from "../sources/broker-sink.ts";

/** What giving out sinks needs. */
export interface ChildSinkPorts {
  readonly brokers: OpenBrokers;
  readonly resolver: DestinationResolver;
  readonly addresses: Pick<Addresses, "dataPlaneUrl">;
  readonly clock: Clock;
  readonly secrets: Pick<SecretReader, "all">;
  /** Told of a target key whose deliveries may go on. */
  readonly changed: (target: string) => void;
  /** Takes values of Secrets out of a text. */
  readonly redact: (text: string) => string;
}

/** An object whose children send events to its sink. */
type Parent = Pick<Entry, "id" | "uid" | "object" | "objectRevision">;

/**
 * Where the children of ContainerSources and SinkBindings send their events: to the broker itself when that is the sink,
 * and else to an inlet of ours, from which the namespace's internal log delivers to the sink.
 */
export class ChildSinks implements Inlets {
  private readonly ports: ChildSinkPorts;
  private readonly addressees: Addressees;
  private readonly inlets = new Map<string, Inlet>();

  constructor(ports: ChildSinkPorts) {
    this.ports = ports;
    this.addressees = new Addressees(ports);
  }

  find(plural: string, namespace: string, name: string): Inlet | undefined {
    return this.inlets.get(`${plural}/${namespace}/${name}`);
  }

  resolve(sink: Destination, namespace: string): Resolved {
    return this.ports.resolver.resolve(sink, namespace);
  }

  /** What a child gets as `K_SINK`; undefined while the sink cannot be resolved. */
  urlOf({ namespace, name, plural }: Entry["id"], sink: Destination): string | undefined {
    const { uri } = this.ports.resolver.resolve(sink, namespace);
    if (uri === undefined || firstStop(sink, namespace).direct) return uri;
    return `${this.ports.addresses.dataPlaneUrl}/-/sources/${namespace}/${plural}/${name}`;
  }

  /** Sees to it that what the children of an object send reaches its sink; `singular` is the object's kind. */
  async put(parent: Parent, singular: string, sink: Destination, delivery?: DeliverySpec): Promise<Resolved> {
    const { namespace, name } = parent.id;
    const resolved = this.ports.resolver.resolve(sink, namespace);
    const stop = firstStop(sink, namespace);
    if (stop.direct) {
      this.drop(parent);
      return resolved;
    }
    const held = await this.addressees.put(parent as Entry, resolved, delivery);
    const { brokers, clock, redact } = this.ports;
    const source = { uid: parent.uid, name: `${singular}/${name}` };
    const log = brokerSink(brokers, { ...stop, source, addressee: parent.uid }, clock, redact);
    // The same event may be sent to two inlets of a namespace, which share the log: it is two events there.
    const append = (event: CloudEvent): Promise<SinkAnswer> => log.append(event, `${parent.uid}/${identityOf(event)}`);
    this.inlets.set(keyOf(parent), { append });
    return held;
  }

  drop(parent: Parent): void {
    this.inlets.delete(keyOf(parent));
    this.addressees.drop(parent as Entry);
  }
}

function keyOf({ id }: Parent): string {
  return `${id.plural}/${id.namespace}/${id.name}`;
}
