import { type Destination, lookUpKind, type ObjectReference } from "@rouse/resources";
import type { Target } from "@rouse/triggers";
import type { ObjectId } from "../store/port.ts";
import type { Objects } from "./objects.ts";

/** Where a destination leads, and how its status shows it. */
export interface Resolved {
  readonly target: Target;
  /** Absent while the destination names something that does not exist. */
  readonly uri: string | undefined;
}

/** What resolving needs to know of this process. */
export interface Addresses {
  /** Without a trailing slash. */
  readonly dataPlaneUrl: string;
  /** Deliveries never go there. */
  readonly adminUrl: string;
}

/** The URL that a broker takes events at. */
export function brokerUrl(addresses: Addresses, namespace: string, name: string): string {
  return `${addresses.dataPlaneUrl}/${namespace}/${name}`;
}

/** The URL that a KafkaSink or a RabbitmqSink takes events at. */
export function sinkUrl(addresses: Addresses, { plural, namespace, name }: Omit<ObjectId, "group">): string {
  return `${addresses.dataPlaneUrl}/-/${plural}/${namespace}/${name}`;
}

/** Resolves destinations against the objects there are; what cannot be resolved yet is held, never dropped. */
export class DestinationResolver {
  private readonly objects: Objects;
  private readonly addresses: Addresses;

  constructor(objects: Objects, addresses: Addresses) {
    this.objects = objects;
    this.addresses = addresses;
  }

  resolve(destination: Destination, namespace: string): Resolved {
    const { ref, uri } = destination;
    if (ref === undefined) return this.url(uri ?? "");
    const place = { namespace: ref.namespace ?? namespace, name: ref.name };
    switch (ref.kind) {
      case "Broker":
        return this.broker(place, uri);
      case "Service":
        return this.service(place, uri);
      default:
        return this.sink(ref, place, uri);
    }
  }

  private url(uri: string): Resolved {
    if (sameOrigin(uri, this.addresses.adminUrl)) {
      return unresolved(`${uri} is this server's own admin listener, which takes no events`);
    }
    return { target: { kind: "url", url: uri }, uri };
  }

  private broker(place: { namespace: string; name: string }, path: string | undefined): Resolved {
    if (this.objects.broker(place.namespace, place.name) === undefined) {
      return unresolved(`broker ${place.namespace}/${place.name} does not exist`);
    }
    const url = new URL(path ?? "", brokerUrl(this.addresses, place.namespace, place.name)).href;
    return { target: { kind: "url", url }, uri: url };
  }

  private sink(ref: ObjectReference, place: { namespace: string; name: string }, path = ""): Resolved {
    const found = lookUpKind(ref.apiVersion, ref.kind);
    if (found.kind !== "found" || this.objects.referred(ref, place.namespace) === undefined) {
      return unresolved(`${ref.kind.toLowerCase()} ${place.namespace}/${place.name} does not exist`);
    }
    const url = new URL(path, sinkUrl(this.addresses, { plural: found.definition.plural, ...place })).href;
    return { target: { kind: "url", url }, uri: url };
  }

  private service(place: { namespace: string; name: string }, path = "/"): Resolved {
    if (this.objects.service(place.namespace, place.name) === undefined) {
      return unresolved(`service ${place.namespace}/${place.name} does not exist`);
    }
    const uri = new URL(path, `http://${place.name}.${place.namespace}.svc.rouse.internal/`);
    return { target: { kind: "service", ...place, path: uri.pathname + uri.search }, uri: uri.href };
  }
}

function unresolved(reason: string): Resolved {
  return { target: { kind: "unresolved", reason }, uri: undefined };
}

function sameOrigin(uri: string, other: string): boolean {
  if (!URL.canParse(uri)) return false;
  const [a, b] = [new URL(uri), new URL(other)];
  const loopback = (host: string) => host === "localhost" || host === "[::1]" || host.startsWith("127.");
  return a.port === b.port && (a.hostname === b.hostname || (loopback(a.hostname) && loopback(b.hostname)));
}
