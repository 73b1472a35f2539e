import { type Backoff, backoffDelayMs, type Clock } from "@rouse/base";
import { type CloudEvent, type ContentMode, encodeKafka } from "@rouse/events";
import type { Message } from "kafkajs";
import type { Outlet, OutletStatus, SendAnswer } from "../outlet.ts";
import type { SourceTrouble } from "../source.ts";
import { type ProduceFailure, produceFailure } from "./produce-failure.ts";
import { createProducerLink, type LinkTarget, type ProducerLink } from "./producer-link.ts";

/** A KafkaSink, with its secrets filled in. */
export interface KafkaSinkDefinition extends LinkTarget {
  readonly uid: string;
  readonly contentMode: ContentMode;
}

export interface KafkaSinkOptions {
  readonly definition: KafkaSinkDefinition;
  readonly clock: Clock;
  /** A number in [0, 1). */
  readonly random: () => number;
  /** Called when the status changed; cheap, may be called often. */
  readonly changed?: (() => void) | undefined;
  /** Default: by kafkajs. */
  readonly link?: ((target: LinkTarget) => ProducerLink) | undefined;
}

/** The way out to a topic. `stored` means that all replicas in sync have the record (acks=all). */
export type KafkaSink = Outlet;

const backoff: Backoff = { policy: "exponential", delayMs: 200, capMs: 10_000, jitter: 0.1 };
/** Connecting and storing one batch must be done by then. */
const attemptMs = 12_000;
const waitingMax = 1_000;
const waitingBytesMax = 32 * 1024 * 1024;
/** Below the 1 MiB that a topic takes by default; a larger record goes alone. */
const batchBytesMax = 512 * 1024;
const batchMax = 500;

interface Waiting {
  readonly message: Message;
  readonly bytes: number;
  readonly answer: (answer: SendAnswer) => void;
}

/**
 * Makes the outlet of a KafkaSink; it connects when the first event is sent. One produce request is under way at a time:
 * what is sent meanwhile goes together as the next, so records of one key keep the order in which they were sent. At
 * least once: what was answered `unavailable`, and what shared a request with a record that was refused, may be stored
 * twice or nevertheless.
 */
export function createKafkaSink(options: KafkaSinkOptions): KafkaSink {
  return new Sink(options);
}

class Sink implements KafkaSink {
  private readonly definition: KafkaSinkDefinition;
  private readonly clock: Clock;
  private readonly random: () => number;
  private readonly changed: () => void;
  private readonly openLink: () => ProducerLink;
  private readonly waiting: Waiting[] = [];
  private waitingBytes = 0;
  private running: Promise<void> | undefined;
  private link: ProducerLink | undefined;
  /** Kafka answered on this link. */
  private connected = false;
  private batchBytes = batchBytesMax;
  private failures = 0;
  private notBefore = 0;
  private trouble: SourceTrouble | undefined;
  private closed = false;

  constructor(options: KafkaSinkOptions) {
    const { definition, clock, random, changed, link = createProducerLink } = options;
    this.definition = definition;
    this.clock = clock;
    this.random = random;
    this.changed = changed ?? (() => undefined);
    this.openLink = () => link(definition);
  }

  status(): OutletStatus {
    return { connected: this.connected, trouble: this.trouble };
  }

  send(event: CloudEvent): Promise<SendAnswer> {
    if (this.closed) {
      return Promise.resolve({ kind: "unavailable", reason: "the KafkaSink is closed", retryAfterMs: 1_000 });
    }
    const refusal = this.paused();
    if (refusal !== undefined) return Promise.resolve(refusal);
    if (this.waiting.length >= waitingMax || this.waitingBytes >= waitingBytesMax) {
      const reason = `${this.waiting.length} events wait for Kafka already`;
      return Promise.resolve({ kind: "unavailable", reason, retryAfterMs: 1_000 });
    }
    const { message, bytes } = recordOf(event, this.definition.contentMode);
    return new Promise((answer) => {
      this.waiting.push({ message, bytes, answer });
      this.waitingBytes += bytes;
      // A turn later, so that what is sent in this one goes in the same request.
      this.running ??= Promise.resolve().then(() => this.run());
    });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.closed = true;
    // Bounded: every request has its deadline, and after the first failure what waits is answered.
    await this.running;
    this.dropLink();
  }

  /** The answer while nothing is tried, until the pause after a failure is over. */
  private paused(): SendAnswer | undefined {
    const pauseMs = this.notBefore - this.clock.monotonic();
    if (pauseMs <= 0) return undefined;
    const reason = this.trouble?.message ?? "Kafka is away";
    return { kind: "unavailable", reason, retryAfterMs: Math.ceil(pauseMs) };
  }

  private async run(): Promise<void> {
    while (this.waiting.length > 0) await this.sendBatch(this.takeBatch());
    this.running = undefined;
  }

  private takeBatch(): Waiting[] {
    let bytes = 0;
    let count = 0;
    for (const next of this.waiting) {
      if (count > 0 && (count === batchMax || bytes + next.bytes > this.batchBytes)) break;
      bytes += next.bytes;
      count++;
    }
    this.waitingBytes -= bytes;
    return this.waiting.splice(0, count);
  }

  private async sendBatch(batch: readonly Waiting[]): Promise<void> {
    const refusal = this.paused();
    if (refusal !== undefined) return answerAll(batch, refusal);
    const failure = await this.attempt(batch.map(({ message }) => message));
    if (failure === undefined) {
      this.succeeded();
      return answerAll(batch, { kind: "stored" });
    }
    if (failure.kind === "unavailable") return answerAll(batch, this.failed(failure));
    this.succeeded();
    if (batch.length === 1) return answerAll(batch, { kind: "refused", reason: failure.message });
    // Kafka takes or refuses the records of a partition together: halves find out which one it is.
    if (failure.kind === "too-large") this.batchBytes = Math.max(1_024, Math.floor(bytesOf(batch) / 2));
    const half = batch.length >> 1;
    await this.sendBatch(batch.slice(0, half));
    await this.sendBatch(batch.slice(half));
  }

  /** Connects where needed and stores the records; answers within the bound. Undefined when they are stored. */
  private async attempt(messages: Message[]): Promise<ProduceFailure | undefined> {
    const servers = this.definition.connection.bootstrapServers.join(", ");
    let stage = "connect";
    const work = async (): Promise<undefined> => {
      // Held here: when the time is over, what is left of this must not go on with the next link.
      let link = this.link;
      if (link === undefined) {
        this.batchBytes = batchBytesMax;
        link = this.openLink();
        this.link = link;
        await link.connect();
      }
      stage = "store";
      await link.produce(messages);
    };
    return new Promise((resolve) => {
      const timer = this.clock.setTimer(attemptMs, () => {
        const message = `Kafka at ${servers} took longer than ${attemptMs / 1000} s to ${stage}`;
        resolve({ kind: "unavailable", message });
      });
      work()
        .then(resolve, (error: unknown) => resolve(produceFailure(error, this.definition)))
        .finally(() => timer.cancel());
    });
  }

  private succeeded(): void {
    this.failures = 0;
    const news = this.trouble !== undefined || !this.connected;
    this.trouble = undefined;
    this.connected = true;
    if (news) this.changed();
  }

  private failed({ message }: ProduceFailure): SendAnswer {
    // A link that failed once is not trusted again: a new one looks everything up anew, the topic included.
    this.dropLink();
    this.failures++;
    const retryAfterMs = backoffDelayMs(backoff, this.failures, this.random);
    this.notBefore = this.clock.monotonic() + retryAfterMs;
    this.trouble = { at: this.clock.now(), message };
    this.changed();
    return { kind: "unavailable", reason: message, retryAfterMs };
  }

  private dropLink(): void {
    this.link?.close();
    this.link = undefined;
    this.connected = false;
  }
}

function answerAll(batch: readonly Waiting[], answer: SendAnswer): void {
  for (const one of batch) one.answer(answer);
}

function bytesOf(batch: readonly Waiting[]): number {
  return batch.reduce((sum, { bytes }) => sum + bytes, 0);
}

function recordOf(event: CloudEvent, mode: ContentMode): { message: Message; bytes: number } {
  const { headers, value, key } = encodeKafka(event, mode);
  let bytes = (value?.length ?? 0) + Buffer.byteLength(key ?? "") + 64;
  for (const name in headers) bytes += name.length + Buffer.byteLength(headers[name] ?? "") + 4;
  const data = value === null ? null : Buffer.from(value.buffer, value.byteOffset, value.byteLength);
  return { message: { key: key ?? null, value: data, headers }, bytes };
}
