import { setMaxListeners } from "node:events";
import { jetstreamManager } from "@nats-io/jetstream";
import type { NatsConnection } from "@nats-io/transport-node";
import { type Backoff, backoffDelayMs, type Clock, messageOf, sleep } from "@rouse/base";
import type { Sink } from "../sink.ts";
import type { Source, SourcePhase, SourceTrouble } from "../source.ts";
import { connectionTrouble, connectToNats, type NatsConnect } from "./connection.ts";
import type { NatsSourceDefinition } from "./definition.ts";
import { handOver } from "./hand-over.ts";
import { ownName } from "./own-name.ts";
import type { Reader, ReaderPorts } from "./reader.ts";
import { unlessMissing } from "./stream-place.ts";
import { StreamReader } from "./stream-reader.ts";
import { SubjectReader } from "./subject-reader.ts";

const reconnectBackoff: Backoff = { policy: "exponential", delayMs: 500, capMs: 30_000, jitter: 0.2 };

const flushMs = 500;

/** What {@link createNatsSource} needs. */
export interface NatsSourceOptions {
  readonly definition: NatsSourceDefinition;
  readonly sink: Sink;
  readonly clock: Clock;
  /** Numbers in [0, 1). */
  readonly random: () => number;
  /** Why a subject, which may hold wildcards, must not be listened to; default: every one may be. */
  readonly forbidden?: (subject: string) => string | undefined;
  /** Called when the status is not what it was; may be called often. */
  readonly changed?: () => void;
  /** Default: a real connection. */
  readonly connect?: NatsConnect;
  /** How long disposing may take, milliseconds; default 5,000. */
  readonly drainMs?: number;
}

/** What is so at this moment. */
export interface NatsSourceStatus {
  readonly phase: SourcePhase;
  readonly connected: boolean;
  /** Where it reads; undefined for a subject, and until the stream was found. */
  readonly stream: { readonly name: string; readonly consumer: string } | undefined;
  /** Messages of the stream that were not delivered yet, as of the last look (every 5 s). */
  readonly pending: number;
  /** Messages held here that are not stored yet. */
  readonly inFlight: number;
  readonly stored: number;
  /** Messages that could not become events and are kept as dead records. */
  readonly buried: number;
  /** Messages of a subject that were thrown away: memory was full, or the source was stopped. Always 0 for a stream. */
  readonly dropped: number;
  readonly trouble: SourceTrouble | undefined;
}

/** Turns the messages of a subject or a stream into events. */
export interface NatsSource extends Source<NatsSourceStatus> {
  /** Disposes the source for good: its own consumer is deleted from the stream too, when NATS can be reached. */
  discard(): Promise<void>;
}

/** Makes a source that does nothing until it is started. What is wrong with its definition is a trouble in its status. */
export function createNatsSource(options: NatsSourceOptions): NatsSource {
  return new RunningNatsSource(options);
}

type TroubleKind = "definition" | "connection" | "upstream" | "sink";

class RunningNatsSource implements NatsSource {
  private readonly options: NatsSourceOptions;
  private readonly reader: Reader;
  private readonly closing = new AbortController();
  private readonly troubles = new Map<TroubleKind, SourceTrouble>();
  private readonly counts = { stored: 0, buried: 0, dropped: 0 };
  private phase: SourcePhase = "idle";
  private connection: NatsConnection | undefined;
  private connected = false;
  private living: Promise<void> = Promise.resolve();
  private closed: Promise<void> | undefined;

  constructor(options: NatsSourceOptions) {
    this.options = options;
    const { definition, clock, random, sink, forbidden = () => undefined } = options;
    const { signal } = this.closing;
    // Every message that waits for the sink listens for the end.
    setMaxListeners(0, signal);
    const complain = (message: string): void => this.trouble("sink", message);
    const ports: ReaderPorts = {
      definition,
      clock,
      random,
      forbidden,
      hand: async (piece) => {
        const outcome = await handOver(piece, { sink, clock, random, signal, complain });
        if (outcome !== "given-up") this.counts[outcome] += 1;
        if (outcome === "stored") this.trouble("sink", undefined);
        this.changed();
        return outcome;
      },
      upstream: (message) => this.trouble("upstream", message),
      dropped: (why) => {
        this.counts.dropped += 1;
        this.trouble("sink", `${why}; ${this.counts.dropped} dropped so far`);
      },
      changed: () => this.changed(),
    };
    this.reader = definition.stream ? new StreamReader(ports) : new SubjectReader(ports);
  }

  start(): void {
    if (this.phase !== "idle") return;
    this.phase = "running";
    const wrong = this.wrong();
    if (wrong === undefined) this.living = this.live();
    else this.trouble("definition", wrong);
  }

  status(): NatsSourceStatus {
    const [trouble] = (["definition", "connection", "upstream", "sink"] as const).flatMap(
      (kind) => this.troubles.get(kind) ?? [],
    );
    return { phase: this.phase, connected: this.connected, ...this.reader.counts(), ...this.counts, trouble };
  }

  [Symbol.asyncDispose](): Promise<void> {
    this.closed ??= this.close(false);
    return this.closed;
  }

  discard(): Promise<void> {
    this.closed ??= this.close(true);
    return this.closed;
  }

  private wrong(): string | undefined {
    const { definition, forbidden = () => undefined } = this.options;
    const { subject, stream, connection } = definition;
    if ((subject === undefined) === (stream === undefined)) return "expected a subject or a stream, and not both";
    if (connection.servers.length === 0) return "expected at least one NATS server";
    const subjects = subject === undefined ? (stream?.filterSubjects ?? []) : [subject];
    return subjects.map(forbidden).find((reason) => reason !== undefined);
  }

  /** Connects again when a connection was closed for good; a lost one comes back by itself. */
  private async live(): Promise<void> {
    const { definition, clock, random, connect = connectToNats } = this.options;
    const { signal } = this.closing;
    let failures = 0;
    while (!signal.aborted) {
      try {
        const connection = await connect(definition.connection, `rouse ${definition.namespace}/${definition.name}`);
        if (signal.aborted) return await connection.close();
        this.connection = connection;
        this.up(true);
        failures = 0;
        void this.follow(connection);
        await this.reader.run(connection, signal);
      } catch (thrown) {
        failures += 1;
        this.trouble("connection", connectionTrouble(thrown, definition.connection));
      }
      await sleep(clock, backoffDelayMs(reconnectBackoff, failures, random), signal).catch(() => undefined);
    }
  }

  private async follow(connection: NatsConnection): Promise<void> {
    const { definition } = this.options;
    for await (const status of connection.status()) {
      if (status.type === "disconnect") {
        this.up(false);
        this.trouble("connection", connectionTrouble("the connection was lost", definition.connection));
      } else if (status.type === "reconnect") {
        this.up(true);
        this.reader.connectionChanged();
      } else if (status.type === "error" && !this.connected) {
        this.trouble("connection", connectionTrouble(status.error, definition.connection));
      }
    }
    this.up(false);
    this.reader.connectionChanged();
  }

  private up(connected: boolean): void {
    this.connected = connected;
    if (connected) this.troubles.delete("connection");
    this.changed();
  }

  private async close(discard: boolean): Promise<void> {
    const { clock, drainMs = 5_000 } = this.options;
    this.phase = "closed";
    this.closing.abort(new Error("the source was closed"));
    const drained = this.reader
      .drain()
      .then(() => this.living)
      .then(() => (discard ? this.deleteConsumer() : undefined))
      .catch((thrown: unknown) => this.trouble("upstream", messageOf(thrown)));
    if (!(await within(clock, drainMs, drained))) this.reader.abandon();
    // What was acknowledged or handed back last must be on its way before the connection is closed.
    if (this.connected && this.connection) await within(clock, flushMs, this.connection.flush());
    await this.connection?.close();
    this.connected = false;
    this.changed();
  }

  private async deleteConsumer(): Promise<void> {
    const { uid, stream } = this.options.definition;
    if (stream === undefined || stream.consumer !== undefined || !this.connection || !this.connected) return;
    const jsm = await jetstreamManager(this.connection, { checkAPI: false });
    await unlessMissing(jsm.consumers.delete(stream.name, ownName(uid)));
  }

  private trouble(kind: TroubleKind, message: string | undefined): void {
    if (message === undefined) {
      if (!this.troubles.delete(kind)) return;
    } else this.troubles.set(kind, { at: this.options.clock.now(), message });
    this.changed();
  }

  private changed(): void {
    this.options.changed?.();
  }
}

/** Whether the work was done, or failed, in time. */
async function within(clock: Clock, ms: number, work: Promise<unknown>): Promise<boolean> {
  const done = new AbortController();
  const ended = work.catch(() => undefined).then(() => done.abort());
  await Promise.race([ended, sleep(clock, ms, done.signal).catch(() => undefined)]);
  return done.signal.aborted;
}
