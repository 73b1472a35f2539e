import { type Clock, sleep } from "@rouse/base";
import type { CloudEvent } from "@rouse/events";
import { Attempts } from "./attempts/attempts.ts";
import { BrokerFault } from "./broker-fault.ts";
import { type BrokerSettings, brokerSettingsDefault, streamConfigs } from "./broker-settings.ts";
import { type BrokerTiming, brokerTimingDefault } from "./broker-timing.ts";
import { DeadStream } from "./dead-stream.ts";
import type { Deliver } from "./delivery.ts";
import type { FaultHook } from "./fault-points.ts";
import { decodeLogMessage, type LogMessage } from "./format/message.ts";
import {
  type Appended,
  type AppendOptions,
  type BatchAnswer,
  LogWriter,
  type ReplyAnswer,
  type ReplyCause,
} from "./ingress/log-writer.ts";
import { LookAhead } from "./ingress/look-ahead.ts";
import { jetstreamNames } from "./jetstream-names.ts";
import type { Journal } from "./journal.ts";
import type { LaneParts } from "./lanes/lane-parts.ts";
import { Lanes } from "./lanes/lanes.ts";
import { Sweep } from "./lanes/sweep.ts";
import type { Cursor, Engine, ReadOptions, Stream } from "./log/engine.ts";
import type { Capacity, Configuration, Matcher, Route } from "./route.ts";
import { LogWatch } from "./router/log-watch.ts";
import { Router } from "./router/router.ts";
import { routerWindowMax } from "./router/router-window.ts";

/** How long attempts have, at the end of closing, to notice that they were told to stop. */
const abortGraceMs = 2_000;
const drainLookMs = 10;
/** Processes that may hold a whole window of the router's cursor at once; more of them share what there is. */
const processesMax = 16;

/** What a broker is made of. */
export interface BrokerOptions<R extends Route> {
  readonly engine: Engine;
  readonly clock: Clock;
  /** A number in [0, 1). */
  readonly random: () => number;
  readonly namespace: string;
  readonly name: string;
  /** Prefix of everything that is stored; default `rouse`. */
  readonly installation?: string;
  readonly settings?: Partial<BrokerSettings>;
  readonly matcher: Matcher<R>;
  readonly deliver: Deliver<R>;
  readonly capacity: Capacity;
  readonly configuration: Configuration;
  readonly journal: Journal;
  readonly timing?: Partial<BrokerTiming>;
  /** Called at the moments of {@link FaultPoint}; for tests. */
  readonly faults?: FaultHook;
}

/** How a broker is doing. */
export interface BrokerNumbers {
  readonly lastSequence: number;
  readonly messages: number;
  readonly bytes: number;
  /** Events not routed yet, or being routed. */
  readonly unrouted: number;
  /** The share of the log's limit that un-routed events take; 0 without a limit. */
  readonly pressure: number;
  /** Copies waiting, by trigger uid. */
  readonly lanes: ReadonlyMap<string, number>;
  readonly dead: number;
}

/** A message of the log, read for history. */
export type HistoryEntry = LogMessage & { readonly sequence: number; readonly storedAt: number };

/**
 * One broker of this process: its log, router, lanes and dead stream. States: open → draining → closed, or stopped with
 * a `fault` when the log holds what only a newer version reads. Disposing it drains: nothing more is pulled, attempts
 * under way finish within `drainMs`, then they are told to stop and what they held is handed back; cursors stay.
 */
export class Broker<R extends Route> implements AsyncDisposable {
  readonly namespace: string;
  readonly name: string;
  /** The undeliverable. */
  readonly dead: DeadStream;
  /** Headers and data of the largest event that is taken, in bytes. */
  readonly maxEventBytes: number;
  readonly storage: Engine["kind"];
  private readonly settings: BrokerSettings;
  private readonly clock: Clock;
  private readonly log: Stream;
  private readonly deadMessages: Stream;
  private readonly cursor: Cursor;
  private readonly attempts: Attempts<R>;
  private readonly writer: LogWriter;
  private readonly watch: LogWatch;
  private readonly lanes: Lanes<R>;
  private readonly router: Router<R>;
  private readonly sweep: Sweep;
  private readonly listening: (() => void)[] = [];
  private stopping: Promise<void> | undefined;
  private failed: Error | undefined;

  /** Use {@link openBroker}. */
  constructor(options: BrokerOptions<R>, streams: { log: Stream; lane: Stream; dead: Stream }) {
    const { capacity, clock, configuration, engine, journal, matcher, name, namespace } = options;
    const faults = options.faults ?? (() => {});
    const names = jetstreamNames(namespace, name, options.installation);
    const settings = { ...brokerSettingsDefault, ...options.settings };
    const timing = { ...brokerTimingDefault, ...options.timing };
    this.namespace = namespace;
    this.name = name;
    this.settings = settings;
    this.clock = clock;
    this.log = streams.log;
    this.deadMessages = streams.dead;
    this.storage = engine.kind;
    this.dead = new DeadStream({ stream: streams.dead, names, namespace, broker: name, journal });
    this.attempts = new Attempts({ namespace, broker: name, clock, deliver: options.deliver, journal });
    const maxAckPending = processesMax * routerWindowMax;
    this.cursor = streams.log.cursor({ name: names.routerCursor, ackWaitMs: timing.routerAckWaitMs, maxAckPending });
    const bytesMax = settings.logMaxBytes;
    const onRouted = (events: number) => this.writer.routed(events);
    const { cursor, dead } = this;
    this.watch = new LogWatch({ clock, log: streams.log, cursor, dead, bytesMax, onRouted });
    const lookAhead = new LookAhead({ matcher, capacity, loaded: () => configuration.loaded });
    this.writer = new LogWriter({
      namespace,
      broker: name,
      clock,
      log: streams.log,
      dead: this.dead,
      names,
      journal,
      faults,
      maxMessageBytes: engine.maxMessageBytes,
      maxHops: settings.maxHops,
      revision: () => configuration.revision,
      pressure: () => this.watch.pressure,
      lag: () => this.watch.lag,
      onStored: (sequence) => this.watch.stored(sequence),
      onWriting: (event, addressee) => lookAhead.writing(event, addressee),
    });
    this.maxEventBytes = this.writer.maxEventBytes;
    const shared: LaneParts<R> = {
      namespace,
      broker: name,
      processId: Math.floor(options.random() * 2 ** 48).toString(36),
      clock,
      names,
      stream: streams.lane,
      matcher,
      capacity,
      configuration,
      attempts: this.attempts,
      dead: this.dead,
      journal,
      faults,
      timing,
      onFault: (fault) => this.fail(fault),
    };
    this.lanes = new Lanes(shared);
    this.sweep = new Sweep({ clock, everyMs: timing.sweepEveryMs, sweep: () => this.lanes.sweep() });
    const onSeen = this.watch.seen.bind(this.watch);
    const ingressBusy = () => this.writer.busy;
    this.router = new Router({ shared, lanes: this.lanes, cursor: this.cursor, onSeen, ingressBusy });
    this.sweepWhenLoaded(configuration);
    this.listening.push(engine.onReconnect(() => void this.sweep.now()));
  }

  /** Set when the broker stopped because of something that this version must not touch. */
  get fault(): Error | undefined {
    return this.failed;
  }

  /** Puts an event into the log: {@link LogWriter.append}. */
  async append(event: CloudEvent, options?: AppendOptions): Promise<Appended> {
    this.assertOpen();
    return await this.writer.append(event, options);
  }

  /** Puts a batch into the log: {@link LogWriter.appendAll}. */
  async appendAll(events: readonly CloudEvent[]): Promise<BatchAnswer> {
    this.assertOpen();
    return await this.writer.appendAll(events);
  }

  /** To be awaited before a batch is decoded: {@link LogWriter.turn}. */
  turn(): Promise<void> {
    return this.writer.turn();
  }

  /** Puts a reply into the log: {@link LogWriter.appendReply}. Works while the broker drains. */
  appendReply(event: CloudEvent, cause: ReplyCause): Promise<ReplyAnswer> {
    return this.writer.appendReply(event, cause);
  }

  /**
   * To be called after the matcher forgot the trigger: ends its lane and says how many copies were in it. They are
   * dropped, or kept as dead records with `keepBacklog`; attempts under way finish.
   */
  removeTrigger(uid: string, options: { readonly keepBacklog: boolean }): Promise<number> {
    return this.lanes.remove(uid, options.keepBacklog);
  }

  /** The sequence of the event stored last, 0 when there is none: where a new trigger begins. */
  async lastSequence(): Promise<number> {
    return (await this.log.info()).lastSequence;
  }

  async numbers(): Promise<BrokerNumbers> {
    const [info, cursor, lanes, dead] = await Promise.all([
      this.log.info(),
      this.cursor.info(),
      this.lanes.counts(),
      this.deadMessages.info(),
    ]);
    return {
      lastSequence: info.lastSequence,
      messages: info.messages,
      bytes: info.bytes,
      unrouted: cursor ? cursor.pending + cursor.ackPending : 0,
      pressure: this.watch.pressure,
      lanes,
      dead: dead.messages,
    };
  }

  /** Ids of the events of this source stored since `time` (milliseconds); reads that part of the log. */
  async idsSince(source: string, time: number, signal?: AbortSignal): Promise<ReadonlySet<string>> {
    const ids = new Set<string>();
    for await (const entry of this.read({ fromTime: time }, signal)) {
      if (entry.kind === "event" && entry.event.attributes.source === source) ids.add(entry.event.attributes.id);
    }
    return ids;
  }

  /** What the log holds, in order. */
  async *read(options: Omit<ReadOptions, "filterSubject">, signal?: AbortSignal): AsyncGenerator<HistoryEntry> {
    for await (const message of this.log.read(options, signal)) {
      yield { ...decodeLogMessage(message), sequence: message.sequence, storedAt: message.storedAt };
    }
  }

  async get(sequence: number): Promise<HistoryEntry | undefined> {
    const message = await this.log.get(sequence);
    return message && { ...decodeLogMessage(message), sequence, storedAt: message.storedAt };
  }

  [Symbol.asyncDispose](): Promise<void> {
    this.stopping ??= this.drain();
    return this.stopping;
  }

  private async drain(): Promise<void> {
    this.stopPulling();
    await this.idle(this.settings.drainMs);
    this.attempts.abort();
    await this.idle(abortGraceMs);
    this.router.release();
    this.lanes.release();
  }

  /** Resolves when nothing is under way, at the latest after `deadlineMs`. */
  private async idle(deadlineMs: number): Promise<void> {
    const end = this.clock.monotonic() + deadlineMs;
    while (this.attempts.count + this.router.holding + this.lanes.holding > 0 && this.clock.monotonic() < end) {
      await sleep(this.clock, drainLookMs);
    }
  }

  private stopPulling(): void {
    this.router.stop();
    this.lanes.stop();
    this.sweep.stop();
    this.watch.stop();
    for (const stop of this.listening) stop();
  }

  private fail(fault: Error): void {
    if (this.failed) return;
    this.failed = fault;
    this.stopPulling();
  }

  /** Looks for copies in lanes that nobody reads here, instead of at the next turn. */
  sweepLanes(): void {
    if (!this.stopping) void this.sweep.now();
  }

  private sweepWhenLoaded(configuration: Configuration): void {
    if (configuration.loaded) return void this.sweep.now();
    const stop = configuration.onChange(() => {
      if (!configuration.loaded) return;
      stop();
      void this.sweep.now();
    });
    this.listening.push(stop);
  }

  private assertOpen(): void {
    if (this.failed) throw this.failed;
    if (!this.stopping) return;
    throw new BrokerFault("BROKER_CLOSED", `expected broker ${this.namespace}/${this.name} to be open, it is closing`, {
      hint: "send the event again, to another replica or after the restart",
      retryAfterMs: 1_000,
    });
  }
}

/**
 * Creates what the broker needs on the engine, where it is missing, and begins to route once the configuration is
 * loaded. Throws LogFault when the streams cannot be created. Whoever opens it disposes it, before the engine.
 */
export async function openBroker<R extends Route>(options: BrokerOptions<R>): Promise<Broker<R>> {
  const { engine, installation, name, namespace } = options;
  const settings = { ...brokerSettingsDefault, ...options.settings };
  const configs = streamConfigs(jetstreamNames(namespace, name, installation), settings);
  const [log, lane, dead] = await Promise.all([
    engine.stream(configs.log),
    engine.stream(configs.lane),
    engine.stream(configs.dead),
  ]);
  return new Broker(options, { log, lane, dead });
}
