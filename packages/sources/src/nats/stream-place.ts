import {
  AckPolicy,
  type ConsumerConfig,
  type ConsumerInfo,
  type ConsumerUpdateConfig,
  DeliverPolicy,
  JetStreamApiCodes,
  JetStreamApiError,
  type JetStreamManager,
  RetentionPolicy,
  type StreamInfo,
} from "@nats-io/jetstream";
import type { NatsSourceDefinition, NatsSourceStream } from "./definition.ts";
import { ownName } from "./own-name.ts";

const nanosPerMs = 1_000_000;
/** What was sent and did not arrive, because a connection broke, comes again only after this. */
const ackWaitMs = 20_000;
/** Enough for several processes that each hold their window. */
const ackPendingMax = 4_096;

/** A consumer of a stream, ready to be pulled from. */
export interface StreamPlace {
  readonly stream: string;
  /** When the stream was made, milliseconds since the epoch. */
  readonly streamCreated: number;
  readonly consumer: string;
  /** When the consumer was made, as the server writes it: another one of the same name has another. */
  readonly consumerCreated: string;
  readonly ackWaitMs: number;
  /** The most that one pull may ask for, by the consumer's own limits. */
  readonly batchMax: number;
  readonly expiresMsMax: number;
  readonly pending: number;
}

/** A place, or why there is none yet, in words. */
export type FoundPlace =
  | { readonly kind: "open"; readonly place: StreamPlace }
  | { readonly kind: "waiting"; readonly message: string };

/** What finding a place needs. */
export interface PlacePorts {
  readonly jsm: JetStreamManager;
  /** `2.10.4`. */
  readonly serverVersion: string;
  /** Why a subject must not be listened to; undefined when it may be. */
  forbidden(subject: string): string | undefined;
}

/** What was seen of the stream so far: decides where a consumer that has to be made anew begins. */
export interface StreamMemory {
  /** Everything up to here is acknowledged; undefined until a consumer was seen. */
  floor: number | undefined;
  /** When the stream that `floor` belongs to was made; undefined until one was seen. */
  created: number | undefined;
  /** The stream was looked for in vain: whatever it holds when it comes is new. */
  missed: boolean;
}

/**
 * Finds the consumer, and makes or changes it when it is ours. One that was deleted is made anew from the last
 * acknowledged message that this process knows of; a stream that was made while the source ran is read from its
 * beginning. Rejects when NATS cannot be asked.
 */
export async function findPlace(
  { jsm, serverVersion, forbidden }: PlacePorts,
  definition: NatsSourceDefinition,
  memory: StreamMemory,
): Promise<FoundPlace> {
  const settings = definition.stream!;
  const info = await unlessMissing(jsm.streams.info(settings.name));
  if (info === undefined) {
    memory.missed = true;
    return waiting(`stream ${settings.name} does not exist; the source waits for it`);
  }
  const loop = loopOf(settings, info, forbidden);
  if (loop !== undefined) return waiting(loop);
  const created = Date.parse(info.created);
  if (memory.missed || (memory.created !== undefined && memory.created !== created)) memory.floor = 0;
  memory.missed = false;
  memory.created = created;

  const own = ownName(definition.uid);
  const consumer = settings.consumer ?? own;
  let found = await unlessMissing(jsm.consumers.info(settings.name, consumer));
  if (settings.consumer === undefined) {
    const wanted = configOf(definition, own, info, memory);
    if (found && needsAnother(found, wanted, serverVersion)) {
      learnFloor(memory, found);
      await unlessMissing(jsm.consumers.delete(settings.name, own));
      found = await made(jsm, settings.name, configOf(definition, own, info, memory));
    } else found = await (found ? changed(jsm, settings.name, found, wanted) : made(jsm, settings.name, wanted));
  }
  if (found === undefined) {
    return waiting(`stream ${settings.name} has no consumer ${consumer}; make it, or leave its name out`);
  }
  const unfit = unfitness(found);
  if (unfit !== undefined) return waiting(unfit);
  learnFloor(memory, found);
  return { kind: "open", place: placeOf(found, created) };
}

/**
 * Takes over how far a consumer is. A server of 2.9 says 0 for one that begins in the middle, until its first ack; but
 * where nothing waits for an ack, all that was delivered has one. What was acknowledged once stays so.
 */
export function learnFloor(memory: StreamMemory, info: ConsumerInfo): void {
  const { ack_floor, delivered, num_ack_pending: waiting } = info;
  const floor = waiting === 0 ? delivered.stream_seq : ack_floor.stream_seq;
  memory.floor = Math.max(memory.floor ?? 0, floor);
}

/** Resolves to undefined when the stream or the consumer does not exist. */
export async function unlessMissing<T>(answer: Promise<T>): Promise<T | undefined> {
  try {
    return await answer;
  } catch (thrown) {
    const missing: readonly number[] = [JetStreamApiCodes.StreamNotFound, JetStreamApiCodes.ConsumerNotFound];
    if (thrown instanceof JetStreamApiError && missing.includes(thrown.code)) return undefined;
    throw thrown;
  }
}

function loopOf(
  { filterSubjects = [] }: NatsSourceStream,
  { config }: StreamInfo,
  forbidden: (subject: string) => string | undefined,
): string | undefined {
  const subjects = filterSubjects.length > 0 ? filterSubjects : (config.subjects ?? []);
  return subjects.map(forbidden).find((reason) => reason !== undefined);
}

function configOf(
  { stream: settings, ordering }: NatsSourceDefinition,
  name: string,
  { config }: StreamInfo,
  memory: StreamMemory,
): Partial<ConsumerConfig> {
  const filters = settings?.filterSubjects ?? [];
  const all = { deliver_policy: DeliverPolicy.All };
  const begin = settings?.deliverPolicy === "all" ? all : { deliver_policy: DeliverPolicy.New };
  const resumed = { deliver_policy: DeliverPolicy.StartSequence, opt_start_seq: (memory.floor ?? 0) + 1 };
  // What a work queue holds was not acknowledged by anyone, and it allows no other beginning.
  const isQueue = config.retention === RetentionPolicy.Workqueue;
  return {
    durable_name: name,
    ack_policy: AckPolicy.Explicit,
    ack_wait: ackWaitMs * nanosPerMs,
    // One at a time keeps the order even over processes, redeliveries and crashes.
    max_ack_pending: ordering === "ordered" ? 1 : ackPendingMax,
    ...(isQueue || memory.floor === 0 ? all : memory.floor === undefined ? begin : resumed),
    ...(filters.length === 1 ? { filter_subject: filters[0]! } : {}),
    ...(filters.length > 1 ? { filter_subjects: [...filters] } : {}),
  };
}

async function made(
  jsm: JetStreamManager,
  stream: string,
  wanted: Partial<ConsumerConfig>,
): Promise<ConsumerInfo | undefined> {
  try {
    return await jsm.consumers.add(stream, wanted);
  } catch (thrown) {
    // Another process may have made it in the meantime, with another beginning.
    const present = await unlessMissing(jsm.consumers.info(stream, wanted.durable_name!));
    if (present === undefined) throw thrown;
    return present;
  }
}

async function changed(
  jsm: JetStreamManager,
  stream: string,
  present: ConsumerInfo,
  wanted: Partial<ConsumerConfig>,
): Promise<ConsumerInfo> {
  const { config } = present;
  if (config.max_ack_pending === wanted.max_ack_pending && filtersOf(config) === filtersOf(wanted)) return present;
  const { max_ack_pending, filter_subject, filter_subjects } = wanted;
  // Undefined takes a filter away that is there: what is not named stays as it is.
  const next = { max_ack_pending, filter_subject, filter_subjects } as Partial<ConsumerUpdateConfig>;
  return jsm.consumers.update(stream, present.name, next);
}

/** A server of 2.9 takes another filter, but does not wake the consumer for its messages. */
function needsAnother({ config }: ConsumerInfo, wanted: Partial<ConsumerConfig>, serverVersion: string): boolean {
  return serverVersion.startsWith("2.9.") && filtersOf(config) !== filtersOf(wanted);
}

function filtersOf({ filter_subject, filter_subjects }: Partial<ConsumerConfig>): string {
  return JSON.stringify(filter_subjects ?? (filter_subject ? [filter_subject] : []));
}

function unfitness({ config, name, stream_name: stream }: ConsumerInfo): string | undefined {
  const which = `consumer ${name} of stream ${stream}`;
  if (config.deliver_subject) return `${which} is a push consumer; name a pull consumer, or leave its name out`;
  if (config.ack_policy === AckPolicy.Explicit) return undefined;
  return `${which} has the ack policy "${config.ack_policy}"; a source needs explicit acks, or it would lose messages`;
}

function placeOf(info: ConsumerInfo, streamCreated: number): StreamPlace {
  const { config } = info;
  return {
    stream: info.stream_name,
    streamCreated,
    consumer: info.name,
    consumerCreated: info.created,
    ackWaitMs: (config.ack_wait || 30_000 * nanosPerMs) / nanosPerMs,
    batchMax: config.max_batch || Number.POSITIVE_INFINITY,
    expiresMsMax: config.max_expires ? config.max_expires / nanosPerMs : Number.POSITIVE_INFINITY,
    pending: info.num_pending,
  };
}

function waiting(message: string): FoundPlace {
  return { kind: "waiting", message };
}
