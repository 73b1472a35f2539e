import type { Manifest } from "./admin.ts";

/** The broker of all benches. */
export const benchBroker = "bench";
/** The type of the events sent; triggers that must not match ask for others. */
export const matchedType = "com.example.bench.matched";

const eventing = "eventing.knative.dev/v1";

/** A broker with `count` triggers by exact type, of which the first `matching` take the events and post to `/<n>`. */
export function brokerWithTriggers(count: number, matching: number, sink: string): Manifest[] {
  const triggers = Array.from({ length: count }, (_, at) =>
    at < matching
      ? trigger(`matched-${at}`, matchedType, { uri: `${sink}/${at}` })
      : trigger(`other-${at}`, `com.example.bench.other.${at}`, { uri: `${sink}/none` }),
  );
  return [{ apiVersion: eventing, kind: "Broker", metadata: { name: benchBroker }, spec: {} }, ...triggers];
}

/** A broker with one trigger that leads to a service which runs the command. */
export function brokerWithService(name: string, command: string, idle: string): Manifest[] {
  const annotations = { "rouse.dev/command": command, "rouse.dev/idle-timeout": idle };
  const ref = { apiVersion: "serving.knative.dev/v1", kind: "Service", name };
  return [
    { apiVersion: eventing, kind: "Broker", metadata: { name: benchBroker }, spec: {} },
    { apiVersion: "serving.knative.dev/v1", kind: "Service", metadata: { name, annotations }, spec: {} },
    trigger(name, matchedType, { ref }),
  ];
}

function trigger(name: string, type: string, subscriber: unknown): Manifest {
  const spec = { broker: benchBroker, filters: [{ exact: { type } }], subscriber };
  return { apiVersion: eventing, kind: "Trigger", metadata: { name }, spec };
}
