import { request } from "undici";

/** A document as the API takes it. */
export interface Manifest {
  readonly apiVersion: string;
  readonly kind: string;
  readonly metadata: { readonly name: string; readonly annotations?: Readonly<Record<string, string>> };
  readonly spec?: unknown;
  /** Of a Secret. */
  readonly stringData?: Readonly<Record<string, string>>;
}

const plurals: Readonly<Record<string, string>> = {
  Broker: "brokers",
  Trigger: "triggers",
  Service: "services",
  Secret: "secrets",
  PingSource: "pingsources",
  KafkaSource: "kafkasources",
  RabbitmqSource: "rabbitmqsources",
};
const atOnce = 16;

/** Creates the objects in namespace `default`, in order of kind as given; each is applied when this resolves. */
export async function createObjects(admin: string, manifests: readonly Manifest[]): Promise<void> {
  const queue = [...manifests];
  const work = async () => {
    for (let next = queue.shift(); next; next = queue.shift()) await create(admin, next);
  };
  // The first alone: the others may refer to it.
  const first = queue.shift();
  if (first) await create(admin, first);
  await Promise.all(Array.from({ length: atOnce }, work));
}

async function create(admin: string, manifest: Manifest): Promise<void> {
  const url = collectionOf(admin, manifest);
  const headers = { "content-type": "application/json" };
  const { body, statusCode } = await request(url, { method: "POST", headers, body: JSON.stringify(manifest) });
  const text = await body.text();
  if (statusCode !== 201) throw new Error(`creating ${manifest.kind} ${manifest.metadata.name}: ${statusCode} ${text}`);
}

/** Deletes an object. What it ran has ended, or is about to, when this resolves. */
export async function deleteObject(admin: string, manifest: Manifest): Promise<void> {
  const { name } = manifest.metadata;
  const { body, statusCode } = await request(`${collectionOf(admin, manifest)}/${name}`, { method: "DELETE" });
  const text = await body.text();
  if (statusCode !== 200) throw new Error(`deleting ${manifest.kind} ${name}: ${statusCode} ${text}`);
}

function collectionOf(admin: string, { apiVersion, kind }: Manifest): string {
  return `${admin}/${apiVersion.includes("/") ? "apis" : "api"}/${apiVersion}/namespaces/default/${plurals[kind]}`;
}

/** What there is of a service's instances, by state. */
export async function instancesOf(admin: string, name: string): Promise<Readonly<Record<string, number>>> {
  const { body } = await request(`${admin}/-/services/default/${name}`);
  return ((await body.json()) as { instances?: Readonly<Record<string, number>> }).instances ?? {};
}

/** What is left running of a service. */
export async function runningOf(admin: string, name: string): Promise<number> {
  return Object.values(await instancesOf(admin, name)).reduce((sum, each) => sum + each, 0);
}
