import { awaitCondition } from "./await-condition.ts";
import type { ServerProcess } from "./server-process.ts";

/** Any JSON object. */
export type Json = Readonly<Record<string, unknown>>;

/** An object of a kind, as it is applied. */
export interface Manifest {
  readonly apiVersion: string;
  readonly kind: string;
  readonly metadata: {
    readonly name: string;
    readonly namespace?: string;
    readonly annotations?: Readonly<Record<string, string>>;
    readonly labels?: Readonly<Record<string, string>>;
  };
  readonly spec?: Json;
  /** Of a Secret. */
  readonly stringData?: Readonly<Record<string, string>>;
}

/** One condition of an object. */
export interface Condition {
  readonly type: string;
  readonly status: "True" | "False" | "Unknown";
  readonly reason?: string;
  readonly message?: string;
}

/** A dead record as the admin listener lists it. */
export interface DeadLine {
  readonly handle?: string;
  /** Of what a source could not bring in: where it lies outside. */
  readonly origin?: Readonly<Record<string, string | number>>;
  /** Name of the trigger; absent when the record is about none. */
  readonly trigger?: string;
  readonly reason: string;
  readonly message: string;
  readonly attempts: number;
  readonly event?: Readonly<Record<string, string>>;
  readonly data?: string;
  readonly deadLetter?: { readonly kind: "accepted" | "failed"; readonly attempts: number };
}

const plurals: Readonly<Record<string, string>> = {
  Broker: "brokers",
  Trigger: "triggers",
  PingSource: "pingsources",
  Service: "services",
  Secret: "secrets",
  KafkaSource: "kafkasources",
  KafkaSink: "kafkasinks",
  RabbitmqSource: "rabbitmqsources",
  RabbitmqSink: "rabbitmqsinks",
  HttpSource: "httpsources",
  NatsSource: "natssources",
  ContainerSource: "containersources",
  SinkBinding: "sinkbindings",
};

const apiVersions: Readonly<Record<string, string>> = {
  Service: "serving.knative.dev/v1",
  Secret: "v1",
  PingSource: "sources.knative.dev/v1",
  KafkaSource: "sources.knative.dev/v1",
  ContainerSource: "sources.knative.dev/v1",
  SinkBinding: "sources.knative.dev/v1",
  RabbitmqSource: "sources.knative.dev/v1alpha1",
  KafkaSink: "eventing.knative.dev/v1alpha1",
  RabbitmqSink: "rouse.dev/v1alpha1",
  HttpSource: "rouse.dev/v1alpha1",
  NatsSource: "rouse.dev/v1alpha1",
};

/** A Broker. */
export function broker(name = "default", annotations: Record<string, string> = {}, spec: Json = {}): Manifest {
  return { apiVersion: "eventing.knative.dev/v1", kind: "Broker", metadata: { name, annotations }, spec };
}

/** A Trigger on the broker `default`; a string is the subscriber's URL. */
export function trigger(
  name: string,
  subscriber: string | Json,
  spec: Json = {},
  annotations: Record<string, string> = {},
): Manifest {
  const to = typeof subscriber === "string" ? { uri: subscriber } : subscriber;
  const whole = { broker: "default", subscriber: to, ...spec };
  return { apiVersion: "eventing.knative.dev/v1", kind: "Trigger", metadata: { name, annotations }, spec: whole };
}

/** A filter on the type. */
export function ofType(type: string): Json {
  return { filter: { attributes: { type } } };
}

/** A Service that runs a command. */
export function service(name: string, command: string, annotations: Record<string, string> = {}): Manifest {
  return {
    apiVersion: "serving.knative.dev/v1",
    kind: "Service",
    metadata: { name },
    spec: { template: { metadata: { annotations: { "rouse.dev/command": command, ...annotations } }, spec: {} } },
  };
}

/** A reference to a Service, a Broker or a sink, as a destination. */
export function refTo(kind: "Service" | "Broker" | "KafkaSink" | "RabbitmqSink", name: string): Json {
  return { ref: { apiVersion: apiVersionOf(kind), kind, name } };
}

/** A PingSource. */
export function pingSource(
  name: string,
  schedule: string,
  sink: Json,
  annotations: Record<string, string> = {},
): Manifest {
  return {
    apiVersion: "sources.knative.dev/v1",
    kind: "PingSource",
    metadata: { name, annotations },
    spec: { schedule, sink },
  };
}

/** The admin listener of a server process, as a test uses it. */
export class Api {
  private readonly server: Pick<ServerProcess, "admin">;

  constructor(server: Pick<ServerProcess, "admin">) {
    this.server = server;
  }

  /** Creates the objects in order, or replaces their specification. */
  async apply(...manifests: readonly Manifest[]): Promise<void> {
    for (const manifest of manifests) await this.applyOne(manifest);
  }

  async delete(kind: string, name: string, namespace = "default"): Promise<void> {
    const path = objectPath({ apiVersion: apiVersionOf(kind), kind, metadata: { name, namespace }, spec: {} });
    const answer = await fetch(this.server.admin + path, { method: "DELETE" });
    if (!answer.ok) throw new Error(`delete ${kind} ${name}: ${answer.status} ${await answer.text()}`);
  }

  async get(kind: string, name: string, namespace = "default"): Promise<Json | undefined> {
    const path = objectPath({ apiVersion: apiVersionOf(kind), kind, metadata: { name, namespace }, spec: {} });
    const answer = await fetch(this.server.admin + path);
    if (answer.status === 404) return undefined;
    if (!answer.ok) throw new Error(`get ${kind} ${name}: ${answer.status} ${await answer.text()}`);
    return (await answer.json()) as Json;
  }

  async condition(kind: string, name: string, type = "Ready"): Promise<Condition | undefined> {
    const object = await this.get(kind, name);
    const { conditions = [] } = (object?.status ?? {}) as { conditions?: readonly Condition[] };
    return conditions.find((each) => each.type === type);
  }

  async awaitReady(kind: string, name: string, status: Condition["status"] = "True"): Promise<Condition> {
    let last: Condition | undefined;
    const ready = async () => {
      last = await this.condition(kind, name);
      return last?.status === status;
    };
    await awaitCondition(`${kind} ${name} to be Ready=${status}`, ready, { evidence: () => last });
    return last!;
  }

  async dead(name = "default", namespace = "default"): Promise<readonly DeadLine[]> {
    return (await this.lines(`/-/dead/${namespace}/${name}`)) as unknown as readonly DeadLine[];
  }

  async tail(limit = 1_000): Promise<readonly Json[]> {
    return this.lines(`/-/tail?limit=${limit}`);
  }

  /** What a Service tells of its instances, over all processes. */
  async instances(name: string): Promise<InstancesView | undefined> {
    const { status } = ((await this.get("Service", name)) ?? {}) as { status?: { instances?: InstancesView } };
    return status?.instances;
  }

  /** The attempts to deliver an event, oldest first. */
  async attempts(eventId: string, triggerName?: string): Promise<readonly AttemptLine[]> {
    const lines = (await this.tail()) as unknown as readonly (AttemptLine & { readonly kind: string })[];
    const handles = lines
      .filter((line) => line.kind === "stored" && line.event?.id === eventId)
      .map((line) => line.handle);
    return lines.filter(
      (line) =>
        line.kind === "attempt" &&
        handles.includes(line.handle) &&
        (triggerName === undefined || line.trigger === triggerName),
    );
  }

  /** What happened to the instances of a Service, oldest first. */
  async changes(service: string): Promise<readonly ChangeLine[]> {
    const lines = (await this.tail()).filter((line) => line.kind === "instance" && line.service === service);
    return lines as unknown as readonly ChangeLine[];
  }

  /** What the serving client says of a Service. */
  async workload(name: string, namespace = "default"): Promise<WorkloadView | undefined> {
    const answer = await fetch(`${this.server.admin}/-/services/${namespace}/${name}`);
    return answer.ok ? ((await answer.json()) as WorkloadView) : undefined;
  }

  private async lines(path: string): Promise<readonly Json[]> {
    const answer = await fetch(this.server.admin + path);
    const text = await answer.text();
    if (!answer.ok) throw new Error(`${path}: ${answer.status} ${text}`);
    return text
      .split("\n")
      .filter((line) => line !== "")
      .map((line) => JSON.parse(line) as Json);
  }

  private async applyOne(manifest: Manifest): Promise<void> {
    const one = objectPath(manifest);
    const collection = one.slice(0, one.lastIndexOf("/"));
    let answer = await this.send("POST", collection, manifest);
    if (answer.status === 409) {
      const present = await this.get(manifest.kind, manifest.metadata.name, manifest.metadata.namespace);
      const { resourceVersion } = (present?.metadata ?? {}) as { resourceVersion?: string };
      answer = await this.send("PUT", one, { ...manifest, metadata: { ...manifest.metadata, resourceVersion } });
    }
    if (!answer.ok) {
      throw new Error(`apply ${manifest.kind} ${manifest.metadata.name}: ${answer.status} ${await answer.text()}`);
    }
  }

  private send(method: string, path: string, body: object): Promise<Response> {
    const headers = { "content-type": "application/json" };
    return fetch(this.server.admin + path, { method, headers, body: JSON.stringify(body) });
  }
}

/** `status.instances` of a Service. */
export interface InstancesView {
  readonly count: {
    readonly starting: number;
    readonly ready: number;
    readonly frozen: number;
    readonly stopping: number;
  };
  readonly starts: {
    readonly cold: number;
    readonly thawed: number;
    readonly warm: number;
    readonly prewarmed: number;
  };
  readonly inFlight: number;
  readonly backlog: number;
  readonly failures: Readonly<Record<string, number>>;
  readonly discoveredPort?: number;
}

/** How many instances there are, in whatever state. */
export function instanceCount(view: InstancesView | undefined): number | undefined {
  if (view === undefined) return undefined;
  const { starting, ready, frozen, stopping } = view.count;
  return starting + ready + frozen + stopping;
}

/** An attempt, as the timeline tells it. */
export interface AttemptLine {
  readonly at: number;
  readonly handle?: string;
  readonly event?: { readonly id: string };
  readonly trigger?: string;
  readonly attempt?: number;
  readonly verdict?: "done" | "again" | "hold" | "dead";
  readonly reason?: string;
  readonly note?: { readonly instance?: "cold" | "thawed" | "warm"; readonly service?: string };
}

/** Something that happened to an instance, as the timeline tells it. */
export interface ChangeLine {
  readonly at: number;
  readonly instance: string;
  readonly change: "starting" | "ready" | "idle" | "frozen" | "thawed" | "stopped" | "failed";
  readonly message: string;
}

/** The part of a workload's status that tests look at. */
export interface WorkloadView {
  readonly instances: { readonly starting: number; readonly ready: number; readonly stopping: number };
  readonly coldStarts: number;
  readonly startFailures: number;
  readonly failure?: { readonly reason: string; readonly message: string };
}

function apiVersionOf(kind: string): string {
  return apiVersions[kind] ?? "eventing.knative.dev/v1";
}

/** The path of an object under the API. */
export function objectPath({ apiVersion, kind, metadata }: Manifest): string {
  const root = apiVersion.includes("/") ? "/apis" : "/api";
  return `${root}/${apiVersion}/namespaces/${metadata.namespace ?? "default"}/${plurals[kind]}/${metadata.name}`;
}
