import { type Clock, Scope, systemClock } from "@rouse/base";
import { openBroker } from "@rouse/broker";
import type { Activator } from "@rouse/serving-client";
import { createDispatcher, createUrlTargets } from "@rouse/triggers";
import { type DestinationStream, type Logger, pino } from "pino";
import { createAdminHooks } from "./admin-hooks.ts";
import { openAdmin } from "./admin-listener.ts";
import { createCallableServices } from "./callable-services.ts";
import { createCapacity } from "./capacity.ts";
import type { ServerConfig } from "./config.ts";
import { AppliedConfiguration } from "./configuration.ts";
import { openDataPlane } from "./data-plane/data-plane.ts";
import { createKindReconcilers } from "./kind-reconcilers.ts";
import { refuseUnprotected } from "./listen.ts";
import { Metrics } from "./observe/metrics.ts";
import { createServiceReading } from "./observe/service-reading.ts";
import type { TailLine } from "./observe/tail-line.ts";
import { Timeline } from "./observe/timeline.ts";
import { createExplainer } from "./observe/trigger-explainer.ts";
import type { ServerInfo } from "./operations/operations-routes.ts";
import { defaultBrokerSettings } from "./reconcile/broker-reconciler.ts";
import type { Addresses } from "./reconcile/destination-resolver.ts";
import { Objects } from "./reconcile/objects.ts";
import { OpenBrokers } from "./reconcile/open-brokers.ts";
import { Reconciler } from "./reconcile/reconciler.ts";
import { StatusWriter } from "./reconcile/status-writer.ts";
import { createReplies } from "./replies.ts";
import { openPrewarm } from "./scheduled-prewarm.ts";
import { outsideValues } from "./secrets/outside-values.ts";
import { redactedOutlets } from "./secrets/redacted-outlets.ts";
import { redactedVerdict } from "./secrets/redacted-verdict.ts";
import { Redactor } from "./secrets/redactor.ts";
import { createSecretReader } from "./secrets/secret-reader.ts";
import { openServing } from "./serving.ts";
import { openStorage, type Storage } from "./storage.ts";
import { createTargets } from "./targets.ts";
import { version } from "./version.ts";

/** A server that runs. Disposing it drains: nothing new is taken, what is in hand is finished or handed back. */
export interface RunningServer extends AsyncDisposable {
  readonly info: ServerInfo;
  /** Demanded by the admin listener; undefined when it is open. */
  readonly token: string | undefined;
  /** PEM of the admin listener's certificate; undefined with plain HTTP. */
  readonly certificate: string | undefined;
  /** Told of every line of the timeline; returns the way to stop listening. */
  onTail(listener: (line: TailLine) => void): () => void;
}

/** What a test may replace. */
export interface ServerParts {
  readonly clock?: Clock;
  /** A number in [0, 1). */
  readonly random?: () => number;
  readonly logger?: Logger;
  /** Where the log goes without a logger of the test's own; default standard error. */
  readonly logTo?: DestinationStream;
}

/**
 * Starts one rouse process: opens storage, applies everything that is stored, then answers on both listeners.
 * Throws ServerFault, LogFault or StoreFault when that cannot be; nothing is left open then.
 */
export async function startServer(config: ServerConfig, parts: ServerParts = {}): Promise<RunningServer> {
  refuseUnprotected(config);
  const scope = new Scope({ drainMs: config.drainMs + 5_000 });
  try {
    return await open(config, parts, scope);
  } catch (failure) {
    await scope.close().catch(() => undefined);
    throw failure;
  }
}

async function open(config: ServerConfig, parts: ServerParts, scope: Scope): Promise<RunningServer> {
  const { clock = systemClock, random = Math.random } = parts;
  const redactor = new Redactor();
  const logging = { level: config.logLevel, hooks: { streamWrite: redactor.text } };
  const logger = parts.logger ?? pino(logging, parts.logTo ?? pino.destination(2));
  const storage = scope.use(await openStorage(config, clock, redactor.learn));
  const domain = openDomain(config, storage, scope, { clock, random, logger, redactor });
  const { addresses, brokers, configuration, hosts, keeper, reconciler, timeline, activator, metrics } = domain;

  const { hooks, outlets } = hosts;
  const { childSinks: inlets, services } = domain;
  const lookups = { hooks, services, outlets: redactedOutlets(outlets, redactor), inlets };
  const dataPlane = await openDataPlane({
    config,
    clock,
    graceMs: config.drainMs / 2,
    brokers,
    configuration,
    engine: storage.engine,
    scope,
    ...lookups,
  });
  addresses.dataPlaneUrl = dataPlane.url;
  const info = (): ServerInfo => ({
    version,
    installation: config.installation,
    storage: storage.kind,
    ...(storage.nats ? { nats: storage.nats } : {}),
    dataPlane: addresses.dataPlaneUrl,
    admin: addresses.adminUrl,
    pid: process.pid,
  });
  const admin = await openAdmin({
    config,
    clock,
    random,
    logger,
    redactor,
    scope,
    store: storage.store,
    vault: storage.vault,
    hooks: createAdminHooks({ brokers, configuration }),
    reading: domain.reading,
    metrics,
    ready: () => configuration.loaded && storage.engine.connected && storage.store.available,
    operations: {
      timeline,
      activator,
      keeper,
      info,
      firePing: hosts.firePing,
      deadRecords: (namespace, name) => brokers.find(namespace, name)?.dead.list(),
    },
  });
  addresses.adminUrl = admin.url;
  await reconciler.start();
  scope.defer(storage.engine.onReconnect(() => void reconciler.applyAll()));
  // Registered last, so it comes first: while the rest drains, no function is started any more, and the processes that
  // send events end while somebody still takes them.
  scope.defer(async () => {
    activator.quiesce();
    await keeper[Symbol.asyncDispose]();
  });
  return {
    info: info(),
    token: admin.token,
    certificate: admin.certificate,
    onTail: (listener) => timeline.onLine(listener),
    [Symbol.asyncDispose]: () => scope.close(),
  };
}

interface Tools {
  readonly clock: Clock;
  readonly random: () => number;
  readonly logger: Logger;
  readonly redactor: Redactor;
}

/** Everything between storage and listeners: serving client, delivery, brokers, sources and what reconciles them. */
function openDomain(config: ServerConfig, storage: Storage, scope: Scope, tools: Tools) {
  const { clock, random, logger, redactor } = tools;
  const { store, ledger, vault } = storage;
  const configuration = new AppliedConfiguration(clock, () => store.fresh());
  const addresses: { -readonly [K in keyof Addresses]: Addresses[K] } = {
    dataPlaneUrl: "http://127.0.0.1",
    adminUrl: "http://127.0.0.1:1",
  };
  const objects = new Objects(store);
  const statuses = new StatusWriter(store, clock, logger, redactor.json);
  scope.defer(() => statuses.settled());
  // Known only once there are reconcilers and brokers, and not asked before.
  const programOf = (key: string) => services.programOf(key);
  const onWanted = () => {
    for (const broker of brokers.all()) broker.sweepLanes();
  };
  const serving = openServing({ config, storage, clock, random, logger, programOf, onWanted }, scope);
  const { activator, keeper } = serving;
  const delivery = openDelivery(config, storage.engine, scope, { ...tools, activator, configuration, objects });
  const { brokers, capacity, metrics, timeline, urls } = delivery;
  const { learn } = redactor;
  const secrets = createSecretReader({ store, vault, outside: outsideValues, env: process.env, learn });
  const shared = { activator, addresses, brokers, clock, keeper, ledger, logger, objects, random, secrets, statuses };
  const { childSinks, hosts, kinds, noticed, services } = createKindReconcilers({
    ...shared,
    hosts: serving.hosts,
    store,
    urls,
    changed: capacity.changed,
    redact: redactor.text,
    nats: storage.access,
    installation: config.installation,
    settings: {
      workdirBase: config.workdirBase,
      watch: config.watchWorkdirs,
      graceMs: Math.min(10_000, config.drainMs / 2),
    },
  });
  scope.defer(() => hosts.closeSinks());
  scope.defer(() => brokers.close());
  const reconciler = new Reconciler(store, kinds, configuration, logger);
  scope.defer(async () => {
    await reconciler.stop();
    await hosts.closeSources();
  });
  keeper.onLine(timeline.recordOutput);
  keeper.onChange(timeline.recordInstance);
  activator.onLine(timeline.recordOutput);
  activator.onChange((change) => {
    timeline.recordInstance(change);
    metrics.recordInstance(change);
    // Whoever waits for the instance goes first: conditions cost a millisecond of a cold start.
    setImmediate(noticed, change);
  });
  openPrewarm(
    { activator, brokers, clock, hosts: serving.hosts, nextTick: hosts.nextTick, objects, programOf, store },
    scope,
  );
  const applied = { brokers, childSinks, hosts, reconciler, services: createCallableServices(objects, activator) };
  const reading = createServiceReading({
    status: (key) => activator.status(key),
    // What stops elsewhere is no place for an event any more, and is not told.
    instancesOf: (key) => ({
      stopping: activator.status(key)?.instances.stopping ?? 0,
      ...serving.hosts.instancesOf(key),
    }),
  });
  return { ...applied, addresses, activator, configuration, keeper, metrics, reading, timeline };
}

interface DeliveryTools extends Tools {
  readonly activator: Activator;
  readonly configuration: AppliedConfiguration;
  readonly objects: Objects;
}

/** Brokers and the way from them to subscribers, with what is told of it. */
function openDelivery(config: ServerConfig, engine: Storage["engine"], scope: Scope, tools: DeliveryTools) {
  const { activator, clock, configuration, objects, random, redactor } = tools;
  const metrics = new Metrics(activator);
  const urls = createUrlTargets();
  const capacity = createCapacity(activator, urls);
  const brokers: OpenBrokers = new OpenBrokers(
    (namespace, name, settings, matcher) =>
      openBroker({
        engine,
        clock,
        random,
        namespace,
        name,
        installation: config.installation,
        settings: { ...settings, drainMs: config.drainMs / 2 },
        matcher,
        deliver: async (delivery, signal) => redactedVerdict(await dispatcher.deliver(delivery, signal), redactor),
        capacity,
        configuration,
        journal: (entry) => {
          timeline.record(entry);
          metrics.record(entry);
        },
        ...(config.brokerTiming ? { timing: config.brokerTiming } : {}),
        ...(config.faults ? { faults: config.faults } : {}),
      }),
    defaultBrokerSettings,
  );
  const timeline = new Timeline(createExplainer(objects, brokers), redactor.text);
  const dispatcher = scope.use(
    createDispatcher({ targets: createTargets(activator, urls), replies: createReplies(brokers), clock, random }),
  );
  return { brokers, capacity, metrics, timeline, urls };
}
