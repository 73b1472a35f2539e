import { describe, expect, test } from "vitest";
import { LogFault } from "../errors.ts";
import type {
  Cursor,
  CursorConfig,
  Engine,
  HeldMessage,
  OutgoingMessage,
  Puller,
  Stream,
  StreamConfig,
} from "./engine.ts";

/** An engine under test. */
export interface EngineRig extends AsyncDisposable {
  readonly engine: Engine;
  /** Lets `ms` of the engine's time go by. */
  pass(ms: number): Promise<void>;
  /** Timers, subscriptions and the like that the engine still has; asked after it was closed. */
  leftovers(): number;
}

/** Where engines may differ, with the reason. */
export interface EngineFeatures {
  /** Bytes that a message surely exceeds. */
  readonly tooLargeBytes: number;
}

const text = new TextEncoder();
const ackWaitMs = 400;
let serial = 0;

function streamConfig(change: Partial<StreamConfig> = {}): StreamConfig {
  const n = ++serial;
  return {
    name: `CONFORMANCE_${n}`,
    subjects: [`conf.${n}.>`],
    retention: "limits",
    maxAgeMs: 0,
    maxBytes: 0,
    duplicateWindowMs: 60_000,
    replicas: 1,
    discard: "old",
    ...change,
  };
}

function subjectOf(config: StreamConfig, tail = "a"): string {
  return config.subjects[0]!.replace(">", tail);
}

function outgoing(subject: string, messageId = `id-${++serial}`, size = 4): OutgoingMessage {
  return { subject, messageId, headers: { "ce-id": messageId, "ce-type": "t" }, data: new Uint8Array(size).fill(120) };
}

function cursorConfig(change: Partial<CursorConfig> = {}): CursorConfig {
  return { name: "cursor", ackWaitMs, maxAckPending: 1000, ...change };
}

/** Waits for real I/O and microtasks alike; conditions are awaited, never slept for. */
async function until(condition: () => boolean, what: string): Promise<void> {
  const start = performance.now();
  for (let spins = 0; !condition(); spins++) {
    if (performance.now() - start > 8000) throw new Error(`waited too long until ${what}`);
    await new Promise<void>((resolve) => (spins < 50 ? setImmediate(resolve) : setTimeout(resolve, 2)));
  }
}

interface Collector extends Puller {
  readonly messages: HeldMessage[];
  readonly sequences: number[];
  window: number;
  gone: number;
  most: number;
}

/** Pulls and keeps what comes. */
function collect(cursor: Cursor, window = 100, each: (message: HeldMessage) => void = () => {}): Collector {
  const messages: HeldMessage[] = [];
  const puller = cursor.pull({
    window: () => collector.window,
    onMessage(message) {
      messages.push(message);
      queueMicrotask(() => {
        collector.most = Math.max(collector.most, puller.held);
      });
      each(message);
    },
    onGone() {
      collector.gone++;
    },
  });
  const collector: Collector = {
    messages,
    window,
    gone: 0,
    most: 0,
    get held() {
      return puller.held;
    },
    get sequences() {
      return messages.map((message) => message.sequence);
    },
    ask: () => puller.ask(),
    stop: () => puller.stop(),
  };
  return collector;
}

async function fill(stream: Stream, subject: string, count: number): Promise<void> {
  await Promise.all(Array.from({ length: count }, () => stream.append(outgoing(subject))));
}

async function codeOf(work: Promise<unknown>): Promise<string> {
  return work.then(
    () => "none",
    (failure) => (failure instanceof LogFault ? failure.code : String(failure)),
  );
}

async function gather<T>(items: AsyncIterable<T>): Promise<T[]> {
  const all: T[] = [];
  for await (const item of items) all.push(item);
  return all;
}

/** The sentences of engine.ts, one test each, for every engine. */
export function engineConformance(name: string, make: () => Promise<EngineRig>, features: EngineFeatures): void {
  describe(`${name}: streams`, () => streams(make, features));
  describe(`${name}: cursors`, () => cursors(make));
  describe(`${name}: life of a cursor`, () => cursorLife(make));
  describe(`${name}: reading`, () => reading(make));
}

function streams(make: () => Promise<EngineRig>, features: EngineFeatures): void {
  test("append: answers with the sequence after the message is stored", async () => {
    await using rig = await make();
    const config = streamConfig();
    const stream = await rig.engine.stream(config);
    expect(await stream.info()).toEqual({ messages: 0, bytes: 0, firstSequence: expect.any(Number), lastSequence: 0 });
    const message = { ...outgoing(subjectOf(config)), data: text.encode("hello"), headers: { "ce-id": "x%20y" } };
    const before = rig.engine.kind === "memory" ? 0 : Date.now() - 1000;
    expect(await stream.append(message)).toEqual({ sequence: 1, duplicate: false });
    const stored = (await stream.get(1))!;
    expect(stored.subject).toBe(message.subject);
    expect(stored.headers["ce-id"]).toBe("x%20y");
    expect(new TextDecoder().decode(stored.data)).toBe("hello");
    expect(stored.storedAt).toBeGreaterThan(before);
    expect((await stream.info()).messages).toBe(1);
  });

  test("append: stores the same id once within the duplicate window, and again after it", async () => {
    await using rig = await make();
    const config = streamConfig({ duplicateWindowMs: 300 });
    const stream = await rig.engine.stream(config);
    const message = outgoing(subjectOf(config), "same");
    expect(await stream.append(message)).toEqual({ sequence: 1, duplicate: false });
    await stream.append(outgoing(subjectOf(config)));
    expect(await stream.append(message)).toEqual({ sequence: 1, duplicate: true });
    await rig.pass(900);
    expect(await stream.append(message)).toEqual({ sequence: 3, duplicate: false });
  });

  test("append: concurrent writes keep their order and get sequences of their own", async () => {
    await using rig = await make();
    const config = streamConfig();
    const stream = await rig.engine.stream(config);
    const answers = await Promise.all(Array.from({ length: 300 }, () => stream.append(outgoing(subjectOf(config)))));
    expect(answers.map((answer) => answer.sequence)).toEqual(Array.from({ length: 300 }, (_, n) => n + 1));
  });

  test("append: a message that is too large is refused with LOG_MESSAGE_TOO_LARGE", async () => {
    await using rig = await make();
    const config = streamConfig();
    const stream = await rig.engine.stream(config);
    expect(rig.engine.maxMessageBytes).toBeLessThan(features.tooLargeBytes);
    const message = outgoing(subjectOf(config), "big", features.tooLargeBytes);
    expect(await codeOf(stream.append(message))).toBe("LOG_MESSAGE_TOO_LARGE");
    expect((await stream.info()).messages).toBe(0);
  });

  test("append: a subject that no stream takes fails with LOG_UNAVAILABLE", async () => {
    await using rig = await make();
    const stream = await rig.engine.stream(streamConfig());
    expect(await codeOf(stream.append(outgoing("nowhere.at.all")))).toBe("LOG_UNAVAILABLE");
  });

  test("append: at the byte limit, discard new refuses with LOG_FULL and stores nothing", async () => {
    await using rig = await make();
    const config = streamConfig({ maxBytes: 4096, discard: "new" });
    const stream = await rig.engine.stream(config);
    for (let n = 0; n < 3; n++) await stream.append(outgoing(subjectOf(config), `f${n}`, 1000));
    expect(await codeOf(stream.append(outgoing(subjectOf(config), "over", 1500)))).toBe("LOG_FULL");
    expect(await stream.info()).toMatchObject({ messages: 3, firstSequence: 1, lastSequence: 3 });
  });

  test("append: at the byte limit, discard old removes the oldest", async () => {
    await using rig = await make();
    const config = streamConfig({ maxBytes: 4096 });
    const stream = await rig.engine.stream(config);
    for (let n = 0; n < 6; n++) await stream.append(outgoing(subjectOf(config), `f${n}`, 1000));
    const info = await stream.info();
    expect(info).toMatchObject({ messages: 3, firstSequence: 4, lastSequence: 6 });
    expect(info.bytes).toBeLessThanOrEqual(4096);
  });

  test("max age: removes what is older", async () => {
    await using rig = await make();
    const config = streamConfig({ maxAgeMs: 1000, duplicateWindowMs: 500 });
    const stream = await rig.engine.stream(config);
    await stream.append(outgoing(subjectOf(config)));
    await rig.pass(2500);
    expect(await stream.info()).toMatchObject({ messages: 0, lastSequence: 1 });
    await stream.append(outgoing(subjectOf(config)));
    expect(await stream.info()).toMatchObject({ messages: 1, firstSequence: 2 });
  });

  test("stream: opening it again with the same or another configuration keeps the messages", async () => {
    await using rig = await make();
    const config = streamConfig();
    const stream = await rig.engine.stream(config);
    await stream.append(outgoing(subjectOf(config)));
    await rig.engine.stream(config);
    const updated = await rig.engine.stream({ ...config, maxBytes: 4096, discard: "new" });
    expect((await updated.info()).messages).toBe(1);
    expect(await codeOf(updated.append(outgoing(subjectOf(config), "big", 5000)))).toBe("LOG_FULL");
  });

  test("deleteStream: ends stream and cursors, and may be repeated", async () => {
    await using rig = await make();
    const config = streamConfig();
    const stream = await rig.engine.stream(config);
    await stream.append(outgoing(subjectOf(config)));
    const cursor = stream.cursor(cursorConfig());
    await cursor.open();
    const puller = collect(cursor);
    await until(() => puller.messages.length === 1, "the message came");
    await rig.engine.deleteStream(config.name);
    await rig.engine.deleteStream(config.name);
    await until(() => puller.gone === 1, "the puller was told");
    expect(await codeOf(stream.append(outgoing(subjectOf(config))))).toBe("LOG_UNAVAILABLE");
    expect((await (await rig.engine.stream(config)).info()).lastSequence).toBe(0);
  });

  test("close: leaves nothing behind, tells no puller that it is gone, and refuses writes", async () => {
    const rig = await make();
    const config = streamConfig({ maxAgeMs: 60_000 });
    const stream = await rig.engine.stream(config);
    const cursor = stream.cursor(cursorConfig());
    await cursor.open();
    const puller = collect(cursor);
    await fill(stream, subjectOf(config), 3);
    await until(() => puller.messages.length === 3, "all came");
    puller.messages[0]!.nak(50);
    await rig.engine[Symbol.asyncDispose]();
    await rig.engine[Symbol.asyncDispose]();
    expect(rig.engine.connected).toBe(false);
    expect(await codeOf(stream.append(outgoing(subjectOf(config))))).toBe("LOG_UNAVAILABLE");
    puller.messages[1]!.ack();
    puller.ask();
    expect(rig.leftovers()).toBe(0);
    expect(puller.gone).toBe(0);
    await rig[Symbol.asyncDispose]();
  });
}

function cursors(make: () => Promise<EngineRig>): void {
  async function opened(rig: EngineRig, stream: Partial<StreamConfig> = {}, cursor: Partial<CursorConfig> = {}) {
    const config = streamConfig(stream);
    const log = await rig.engine.stream(config);
    const place = log.cursor(cursorConfig(cursor));
    await place.open();
    return { config, log, place, subject: subjectOf(config) };
  }

  test("pull: hands messages out in order, with what they carry", async () => {
    await using rig = await make();
    const { log, place, subject } = await opened(rig);
    await fill(log, subject, 50);
    const puller = collect(place, 100, (message) => message.ack());
    await fill(log, subject, 50);
    await until(() => puller.messages.length === 100, "all came");
    expect(puller.sequences).toEqual(Array.from({ length: 100 }, (_, n) => n + 1));
    const last = puller.messages[99]!;
    expect([last.deliveries, last.pending, last.subject, last.headers["ce-type"]]).toEqual([1, 0, subject, "t"]);
    expect(puller.held).toBe(0);
    await rig.pass(ackWaitMs * 2);
    expect(puller.messages.length).toBe(100);
    expect(await place.info()).toEqual({ pending: 0, ackPending: 0 });
  });

  test("pull: nothing is handed out inside append", async () => {
    await using rig = await make();
    const { log, place, subject } = await opened(rig);
    const puller = collect(place);
    const appending = log.append(outgoing(subject));
    expect(puller.messages.length).toBe(0);
    await appending;
    await until(() => puller.messages.length === 1, "it came");
  });

  test("info: counts what is not handed out and what is not settled", async () => {
    await using rig = await make();
    const { log, place, subject } = await opened(rig);
    await fill(log, subject, 5);
    expect(await place.info()).toEqual({ pending: 5, ackPending: 0 });
    const puller = collect(place, 2);
    await until(() => puller.messages.length === 2, "two came");
    expect(await place.info()).toEqual({ pending: 3, ackPending: 2 });
    expect(puller.messages.map((message) => message.pending)).toEqual([4, 3]);
    puller.messages[0]!.nak(60_000);
    puller.stop();
    expect((await place.info())?.ackPending).toBeGreaterThanOrEqual(2);
  });

  test("window: messages held never exceed it, and settling asks again", async () => {
    await using rig = await make();
    const { log, place, subject } = await opened(rig, {}, { ackWaitMs: 10_000 });
    await fill(log, subject, 200);
    const puller = collect(place, 16);
    await until(() => puller.messages.length === 16, "the window is full");
    await rig.pass(50);
    expect(puller.messages.length).toBe(16);
    let settled = 0;
    while (settled < 200) {
      await until(() => puller.messages.length > settled, "more came");
      puller.messages[settled++]!.ack();
    }
    expect(puller.most).toBeLessThanOrEqual(16);
    expect(puller.held).toBe(0);
  });

  test("window: one that grew takes more after ask, one of zero takes nothing", async () => {
    await using rig = await make();
    const { log, place, subject } = await opened(rig);
    const puller = collect(place, 0);
    await fill(log, subject, 4);
    await rig.pass(50);
    expect(puller.messages.length).toBe(0);
    puller.window = 3;
    puller.ask();
    await until(() => puller.messages.length === 3, "three came");
    expect(puller.held).toBe(3);
  });

  test("ack: settles once; a second call of ack or nak does nothing", async () => {
    await using rig = await make();
    const { log, place, subject } = await opened(rig);
    await fill(log, subject, 1);
    const puller = collect(place);
    await until(() => puller.messages.length === 1, "it came");
    const message = puller.messages[0]!;
    message.ack();
    message.ack();
    message.nak();
    message.working();
    expect(puller.held).toBe(0);
    await rig.pass(ackWaitMs * 2);
    expect(puller.messages.length).toBe(1);
  });

  test("nak: hands it back and it comes again at once, counted", async () => {
    await using rig = await make();
    const { log, place, subject } = await opened(rig);
    await fill(log, subject, 1);
    const puller = collect(place, 10, (message) => (message.deliveries < 3 ? message.nak() : message.ack()));
    await until(() => puller.messages.length === 3, "it came three times");
    expect(puller.messages.map((message) => message.deliveries)).toEqual([1, 2, 3]);
    expect(puller.held).toBe(0);
  });

  test("nak: with a delay it comes again after the delay, not before, and others pass it", async () => {
    await using rig = await make();
    const { log, place, subject } = await opened(rig);
    await fill(log, subject, 1);
    const puller = collect(place);
    await until(() => puller.messages.length === 1, "it came");
    puller.messages[0]!.nak(600);
    await fill(log, subject, 1);
    await until(() => puller.messages.length === 2, "the other came");
    puller.messages[1]!.ack();
    await rig.pass(250);
    expect(puller.sequences).toEqual([1, 2]);
    expect((await place.info())?.ackPending).toBe(1);
    await rig.pass(600);
    await until(() => puller.messages.length === 3, "it came again");
    expect(puller.messages[2]).toMatchObject({ sequence: 1, deliveries: 2 });
  });

  test("ack wait: an unsettled message comes again when it has passed", async () => {
    await using rig = await make();
    const { log, place, subject } = await opened(rig);
    await fill(log, subject, 1);
    const puller = collect(place);
    await until(() => puller.messages.length === 1, "it came");
    await rig.pass(ackWaitMs / 4);
    expect(puller.messages.length).toBe(1);
    await rig.pass(ackWaitMs * 2);
    await until(() => puller.messages.length >= 2, "it came again");
    expect(puller.messages[1]).toMatchObject({ sequence: 1, deliveries: 2 });
  });

  test("working: starts the ack wait anew", async () => {
    await using rig = await make();
    const { log, place, subject } = await opened(rig, {}, { ackWaitMs: 1000 });
    await fill(log, subject, 1);
    const puller = collect(place);
    await until(() => puller.messages.length === 1, "it came");
    for (let n = 0; n < 5; n++) {
      await rig.pass(400);
      puller.messages[0]!.working();
    }
    expect(puller.messages.length).toBe(1);
    puller.messages[0]!.ack();
  });

  test("max ack pending: bounds what is handed out and unsettled, redeliveries go on", async () => {
    await using rig = await make();
    const { log, place, subject } = await opened(rig, {}, { maxAckPending: 3, ackWaitMs: 10_000 });
    await fill(log, subject, 6);
    const puller = collect(place);
    await until(() => puller.messages.length === 3, "three came");
    await rig.pass(50);
    expect(puller.messages.length).toBe(3);
    puller.messages[0]!.nak();
    await until(() => puller.messages.length === 4, "the one handed back came");
    expect(puller.sequences[3]).toBe(1);
    for (const message of puller.messages) message.ack();
    await until(() => puller.messages.length === 7, "the others came");
    expect(puller.sequences.slice(4)).toEqual([4, 5, 6]);
  });

  test("two pullers: share one cursor, each message goes to one of them", async () => {
    await using rig = await make();
    const { log, place, subject } = await opened(rig, {}, { ackWaitMs: 10_000 });
    const one = collect(place, 5);
    const two = collect(place, 5);
    await fill(log, subject, 10);
    await until(() => one.messages.length + two.messages.length === 10, "all came");
    expect([one.held, two.held]).toEqual([5, 5]);
    expect([...one.sequences, ...two.sequences].sort((a, b) => a - b)).toEqual([1, 2, 3, 4, 5, 6, 7, 8, 9, 10]);
  });

  test("stop: hands out nothing more, goes on to another puller, and what is held may be settled", async () => {
    await using rig = await make();
    const { log, place, subject } = await opened(rig, {}, { ackWaitMs: 10_000 });
    await fill(log, subject, 1);
    const stopped = collect(place, 10);
    await until(() => stopped.messages.length === 1, "it came");
    stopped.stop();
    const other = collect(place, 10);
    await fill(log, subject, 5);
    await until(() => other.messages.length === 5, "the other got the rest");
    expect(stopped.messages.length).toBe(1);
    stopped.messages[0]!.ack();
    expect(stopped.held).toBe(0);
    for (const message of other.messages) message.ack();
    const settled = async () => (await place.info())?.ackPending === 0;
    while (!(await settled())) await rig.pass(5);
    expect(await place.info()).toEqual({ pending: 0, ackPending: 0 });
  });

  test("stop: what is on its way meanwhile goes back at once, not after the ack wait", async () => {
    await using rig = await make();
    const { log, place, subject } = await opened(rig, {}, { ackWaitMs: 60_000 });
    const stopped = collect(place, 100);
    const writing = fill(log, subject, 100);
    stopped.stop();
    await writing;
    const other = collect(place, 200);
    await until(() => other.messages.length + stopped.messages.length >= 100, "all came");
    const all = new Set([...stopped.sequences, ...other.sequences]);
    expect(all.size).toBe(100);
  });

  test("filter: exact and wildcard subjects", async () => {
    await using rig = await make();
    const { log, config } = await opened(rig);
    const subjects = ["a", "a.b", "b", "b.b.c"].map((tail) => subjectOf(config, tail));
    for (const subject of subjects) await log.append(outgoing(subject));
    const got = async (tail: string): Promise<number[]> => {
      const filterSubject = subjectOf(config, tail);
      const place = log.cursor(cursorConfig({ name: `f${++serial}`, filterSubject }));
      await place.open();
      const expected = (await place.info())!.pending;
      const puller = collect(place);
      await until(() => puller.messages.length === expected, `all of ${tail} came`);
      puller.stop();
      return puller.sequences;
    };
    expect(await got("a")).toEqual([1]);
    expect(await got("*")).toEqual([1, 3]);
    expect(await got("*.b")).toEqual([2]);
    expect(await got("b.>")).toEqual([4]);
    expect(await got(">")).toEqual([1, 2, 3, 4]);
  });

  test("work queue: an ack removes the message; cursors of different subjects do not disturb each other", async () => {
    await using rig = await make();
    const config = streamConfig({ retention: "workqueue" });
    const log = await rig.engine.stream(config);
    const [a, b] = [subjectOf(config, "a"), subjectOf(config, "b")];
    const place = log.cursor(cursorConfig({ name: "a", filterSubject: a }));
    await place.open();
    await fill(log, a, 3);
    await fill(log, b, 2);
    const puller = collect(place);
    await until(() => puller.messages.length === 3, "a's came");
    for (const message of puller.messages) message.ack();
    let counts = await log.counts(subjectOf(config, ">"));
    while (counts.size > 1) {
      await rig.pass(5);
      counts = await log.counts(subjectOf(config, ">"));
    }
    expect(counts).toEqual(new Map([[b, 2]]));
    expect((await log.info()).messages).toBe(2);
  });
}

function cursorLife(make: () => Promise<EngineRig>): void {
  async function laneOf(rig: EngineRig) {
    const config = streamConfig({ retention: "workqueue" });
    const log = await rig.engine.stream(config);
    const subject = subjectOf(config);
    const place = log.cursor(cursorConfig({ filterSubject: subject, ackWaitMs: 60_000 }));
    await place.open();
    return { log, subject, place };
  }

  test("open: may be repeated, also with another ack wait, and keeps its place", async () => {
    await using rig = await make();
    const config = streamConfig();
    const log = await rig.engine.stream(config);
    const place = log.cursor(cursorConfig());
    expect(await place.info()).toBeUndefined();
    await Promise.all([place.open(), place.open()]);
    await fill(log, subjectOf(config), 2);
    const puller = collect(place, 1);
    await until(() => puller.messages.length === 1, "one came");
    const again = log.cursor(cursorConfig({ ackWaitMs: 5000 }));
    await again.open();
    expect(await again.info()).toEqual({ pending: 1, ackPending: 1 });
  });

  test("cursor: a second handle of the same name shares its place", async () => {
    await using rig = await make();
    const { log, subject, place } = await laneOf(rig);
    const other = log.cursor(cursorConfig({ filterSubject: subject, ackWaitMs: 60_000 }));
    await other.open();
    await fill(log, subject, 1);
    const puller = collect(other);
    await until(() => puller.messages.length === 1, "it came");
    expect(await place.info()).toEqual({ pending: 0, ackPending: 1 });
  });

  test("delete: keeps the messages, tells pullers, and un-acked ones come again from the next cursor", async () => {
    await using rig = await make();
    const { log, subject, place } = await laneOf(rig);
    await fill(log, subject, 4);
    const first = collect(place, 3);
    await until(() => first.messages.length === 3, "three came");
    first.window = 0;
    first.messages[0]!.ack();
    first.messages[1]!.nak(60_000);
    let messages = (await log.info()).messages;
    for (; messages > 3; messages = (await log.info()).messages) await rig.pass(5);
    await place.delete();
    await place.delete();
    await until(() => first.gone === 1, "the puller was told");
    expect(await place.info()).toBeUndefined();
    expect((await log.counts(subject)).get(subject)).toBe(3);
    await place.open();
    const second = collect(place);
    await until(() => second.messages.length === 3, "the un-acked came");
    expect(second.sequences).toEqual([2, 3, 4]);
    expect(first.messages.length).toBe(3);
  });

  test("delete: an idle puller is told too, one that stopped is not", async () => {
    await using rig = await make();
    const { place } = await laneOf(rig);
    const idle = collect(place, 5);
    const stopped = collect(place, 5);
    stopped.stop();
    await rig.pass(50);
    await place.delete();
    await until(() => idle.gone === 1, "the idle one was told");
    await rig.pass(50);
    expect([idle.gone, stopped.gone]).toEqual([1, 0]);
  });

  test("pull: on a cursor that does not exist says that it is gone", async () => {
    await using rig = await make();
    const config = streamConfig();
    const log = await rig.engine.stream(config);
    const puller = collect(log.cursor(cursorConfig({ name: "never-opened" })));
    expect(puller.gone).toBe(0);
    await until(() => puller.gone === 1, "it was told");
  });

  test("remove and purge: a cursor does not hand out what was removed", async () => {
    await using rig = await make();
    const config = streamConfig();
    const log = await rig.engine.stream(config);
    const place = log.cursor(cursorConfig());
    await place.open();
    await fill(log, subjectOf(config, "a"), 2);
    await fill(log, subjectOf(config, "b"), 2);
    await log.remove(1);
    await log.purge(subjectOf(config, "b"));
    await fill(log, subjectOf(config, "c"), 1);
    const puller = collect(place, 100, (message) => message.ack());
    await until(() => puller.messages.length === 2, "the rest came");
    await rig.pass(50);
    expect(puller.sequences).toEqual([2, 5]);
  });
}

function reading(make: () => Promise<EngineRig>): void {
  async function written(rig: EngineRig) {
    const config = streamConfig();
    const log = await rig.engine.stream(config);
    for (const tail of ["a", "b", "a", "b.c", "a"]) await log.append(outgoing(subjectOf(config, tail)));
    return { config, log };
  }
  const sequences = async (items: AsyncIterable<{ sequence: number }>) => (await gather(items)).map((m) => m.sequence);

  test("read: yields all in order and ends", async () => {
    await using rig = await make();
    const { config, log } = await written(rig);
    const all = await gather(log.read({}));
    expect(all.map((message) => message.sequence)).toEqual([1, 2, 3, 4, 5]);
    expect(all[1]).toMatchObject({ subject: subjectOf(config, "b"), headers: { "ce-type": "t" } });
  });

  test("read: an empty stream yields nothing", async () => {
    await using rig = await make();
    const log = await rig.engine.stream(streamConfig());
    expect(await sequences(log.read({}))).toEqual([]);
  });

  test("read: with a filter, from a sequence, past gaps, and past the end", async () => {
    await using rig = await make();
    const { config, log } = await written(rig);
    await log.remove(3);
    expect(await sequences(log.read({ filterSubject: subjectOf(config, "a") }))).toEqual([1, 5]);
    expect(await sequences(log.read({ filterSubject: subjectOf(config, "b.>") }))).toEqual([4]);
    expect(await sequences(log.read({ filterSubject: subjectOf(config, "none") }))).toEqual([]);
    expect(await sequences(log.read({ fromSequence: 3 }))).toEqual([4, 5]);
    expect(await sequences(log.read({ fromSequence: 2, filterSubject: subjectOf(config, "a") }))).toEqual([5]);
    expect(await sequences(log.read({ fromSequence: 6 }))).toEqual([]);
  });

  test("read: from a time", async () => {
    await using rig = await make();
    const { config, log } = await written(rig);
    await rig.pass(50);
    await log.append(outgoing(subjectOf(config)));
    const { storedAt } = (await log.get(6))!;
    expect(await sequences(log.read({ fromTime: storedAt }))).toEqual([6]);
    expect(await sequences(log.read({ fromTime: storedAt + 3_600_000 }))).toEqual([]);
  });

  test("read: ends with the last one stored when it was called, leaves off early, and obeys its signal", async () => {
    await using rig = await make();
    const { config, log } = await written(rig);
    const seen: number[] = [];
    for await (const message of log.read({})) {
      seen.push(message.sequence);
      if (seen.length === 1) await fill(log, subjectOf(config), 5);
    }
    expect(seen).toEqual([1, 2, 3, 4, 5]);
    for await (const message of log.read({})) {
      if (message.sequence === 2) break;
    }
    const controller = new AbortController();
    const reading = (async () => {
      for await (const message of log.read({}, controller.signal)) {
        if (message.sequence === 2) controller.abort(new Error("enough"));
      }
    })();
    await expect(reading).rejects.toThrow("enough");
  });

  test("read: a long stream comes whole", async () => {
    await using rig = await make();
    const config = streamConfig();
    const log = await rig.engine.stream(config);
    await fill(log, subjectOf(config), 1500);
    expect((await gather(log.read({}))).length).toBe(1500);
  });

  test("get: gives undefined for a sequence that is not there", async () => {
    await using rig = await make();
    const { log } = await written(rig);
    expect(await log.get(99)).toBeUndefined();
  });

  test("counts: messages per subject under a filter", async () => {
    await using rig = await make();
    const { config, log } = await written(rig);
    const [a, b, bc] = ["a", "b", "b.c"].map((tail) => subjectOf(config, tail)) as [string, string, string];
    expect(await log.counts(subjectOf(config, ">"))).toEqual(
      new Map([
        [a, 3],
        [b, 1],
        [bc, 1],
      ]),
    );
    expect(await log.counts(subjectOf(config, "*"))).toEqual(
      new Map([
        [a, 3],
        [b, 1],
      ]),
    );
    expect(await log.counts(a)).toEqual(new Map([[a, 3]]));
    expect(await log.counts(subjectOf(config, "none"))).toEqual(new Map());
  });

  test("remove: says whether there was such a message", async () => {
    await using rig = await make();
    const { log } = await written(rig);
    expect([await log.remove(2), await log.remove(2), await log.remove(99)]).toEqual([true, false, false]);
    expect(await log.get(2)).toBeUndefined();
    expect((await log.info()).messages).toBe(4);
  });

  test("purge: removes the messages of a subject and tells how many", async () => {
    await using rig = await make();
    const { config, log } = await written(rig);
    expect(await log.purge(subjectOf(config, "a"))).toBe(3);
    expect(await log.purge(subjectOf(config, "a"))).toBe(0);
    expect(await sequences(log.read({}))).toEqual([2, 4]);
  });
}
