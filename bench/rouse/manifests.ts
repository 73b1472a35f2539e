import type { Manifest } from "./admin.ts";

/** The broker of all benches. */
export const benchBroker = "bench";
/** The type of the events sent; triggers that must not match ask for others. */
export const matchedType = "com.example.bench.matched";

const eventing = "eventing.knative.dev/v1";
const serving = "serving.knative.dev/v1";

/** A broker with `count` triggers by exact type, of which the first `matching` take the events and post to `/<n>`. */
export function brokerWithTriggers(count: number, matching: number, sink: string): Manifest[] {
  const triggers = Array.from({ length: count }, (_, at) =>
    at < matching
      ? trigger(`matched-${at}`, matchedType, { uri: `${sink}/${at}` })
      : trigger(`other-${at}`, `com.example.bench.other.${at}`, { uri: `${sink}/none` }),
  );
  return [{ apiVersion: eventing, kind: "Broker", metadata: { name: benchBroker }, spec: {} }, ...triggers];
}

/** What a service runs: a command, or an image. */
export type ServiceProgram =
  | { readonly kind: "process"; readonly command: string }
  | { readonly kind: "container"; readonly image: string; readonly command: readonly string[] };

/** A broker with one trigger that leads to the service. */
export function brokerWithService(name: string, program: ServiceProgram, annotations: Annotations): Manifest[] {
  const ref = { apiVersion: serving, kind: "Service", name };
  return [
    { apiVersion: eventing, kind: "Broker", metadata: { name: benchBroker }, spec: {} },
    serviceOf(name, program, annotations),
    trigger(name, matchedType, { ref }),
  ];
}

/** A broker with a trigger for each of the services, which takes the events of the type `<service>`. */
export function brokerWithServices(
  names: readonly string[],
  program: ServiceProgram,
  annotations: Annotations,
): Manifest[] {
  const services = names.flatMap((name) => {
    const ref = { apiVersion: serving, kind: "Service", name };
    return [serviceOf(name, program, annotations), trigger(name, name, { ref })];
  });
  return [{ apiVersion: eventing, kind: "Broker", metadata: { name: benchBroker }, spec: {} }, ...services];
}

/** A source of ticks, with seconds, and the service that only they wake. */
export function tickedService(
  name: string,
  schedule: string,
  program: ServiceProgram,
  annotations: Annotations,
): Manifest[] {
  const sink = { ref: { apiVersion: serving, kind: "Service", name } };
  const source = { apiVersion: "sources.knative.dev/v1", kind: "PingSource", metadata: { name } };
  return [serviceOf(name, program, annotations), { ...source, spec: { schedule, sink } }];
}

/** By their names without `rouse.dev/`. */
export type Annotations = Readonly<Record<string, string>>;

function serviceOf(name: string, program: ServiceProgram, given: Annotations): Manifest {
  const own = Object.entries(given).map(([key, value]) => [`rouse.dev/${key}`, value] as const);
  const head = { apiVersion: serving, kind: "Service" };
  if (program.kind === "process") {
    const annotations = Object.fromEntries([...own, ["rouse.dev/command", program.command]]);
    return { ...head, metadata: { name, annotations }, spec: {} };
  }
  const { command, image } = program;
  const containers = [{ image, command, imagePullPolicy: "Never" }];
  return {
    ...head,
    metadata: { name, annotations: Object.fromEntries(own) },
    spec: { template: { spec: { containers } } },
  };
}

function trigger(name: string, type: string, subscriber: unknown): Manifest {
  const spec = { broker: benchBroker, filters: [{ exact: { type } }], subscriber };
  return { apiVersion: eventing, kind: "Trigger", metadata: { name }, spec };
}
