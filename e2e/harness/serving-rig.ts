import { Api, broker, type InstancesView, instanceCount } from "./api.ts";
import { awaitCondition } from "./await-condition.ts";
import { containersOf, type Engine, startEngine } from "./containers.ts";
import { type NatsServer, type NatsServerBinary, startNats } from "./nats.ts";
import { type ServerProcess, type ServerProcessOptions, startServerProcess } from "./server-process.ts";
import { type Subscriber, startSubscriber } from "./subscriber.ts";

/** What a test of containers works with: an engine with an image, NATS, rouse with the broker `default`, and a sink. */
export interface ServingRig extends AsyncDisposable {
  readonly engine: Engine;
  /** Has Node. */
  readonly image: string;
  readonly nats: NatsServer;
  readonly server: ServerProcess;
  readonly subscriber: Subscriber;
  readonly api: Api;
  /** Resolves when no instance of the Service is left, and no container of it. */
  awaitZero(service: string, withinMs?: number): Promise<void>;
}

/** Starts all of it; disposing ends it in reverse. */
export async function startServingRig(
  binary: NatsServerBinary,
  options: Omit<ServerProcessOptions, "nats" | "containerSocket"> = {},
): Promise<ServingRig> {
  const opened: AsyncDisposable[] = [];
  const use = <One extends AsyncDisposable>(one: One) => {
    opened.unshift(one);
    return one;
  };
  const close = async () => {
    for (const one of opened) await one[Symbol.asyncDispose]();
  };
  try {
    const engine = use(await startEngine());
    const image = await engine.image("node");
    const nats = use(await startNats(binary));
    const subscriber = use(await startSubscriber());
    const server = use(await startServerProcess({ ...options, nats, containerSocket: engine.socketPath }));
    const api = new Api(server);
    await api.apply(broker());
    return {
      engine,
      image,
      nats,
      server,
      subscriber,
      api,
      async awaitZero(service, withinMs = 20_000) {
        await awaitNoInstance(api, service, withinMs);
        const none = async () => (await containersOf(engine, service)).length === 0;
        const evidence = () => containersOf(engine, service);
        await awaitCondition(`no container of ${service}`, none, { withinMs, everyMs: 50, evidence });
      },
      [Symbol.asyncDispose]: close,
    };
  } catch (failure) {
    await close();
    throw failure;
  }
}

/** Resolves when a Service is said to have no instance, in whatever state. */
export async function awaitNoInstance(api: Api, service: string, withinMs = 20_000): Promise<void> {
  await awaitInstances(api, service, "no instance", (view) => instanceCount(view) === 0, withinMs);
}

/** Resolves when what a Service tells of its instances is as wanted. */
export async function awaitInstances(
  api: Api,
  service: string,
  what: string,
  holds: (view: InstancesView) => boolean,
  withinMs = 20_000,
): Promise<void> {
  let last: InstancesView | undefined;
  const asWanted = async () => {
    last = await api.instances(service);
    return last !== undefined && holds(last);
  };
  const evidence = async () => [last, ...(await api.changes(service)).slice(-10)];
  await awaitCondition(`${what} of ${service}`, asWanted, { withinMs, everyMs: 50, evidence });
}
