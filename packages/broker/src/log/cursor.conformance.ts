import { expect, test } from "vitest";
import type { CursorConfig, StreamConfig } from "./engine.ts";
import {
  ackWaitMs,
  codeOf,
  collect,
  cursorConfig,
  type EngineRig,
  fill,
  outgoing,
  serial,
  streamConfig,
  subjectOf,
  until,
} from "./engine-rig.testing.ts";
/** What {@link Cursor.pull} promises. */
export function cursors(make: () => Promise<EngineRig>): void {
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
    expect(await place.info()).toMatchObject({ pending: 0, ackPending: 0 });
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
    expect(await place.info()).toMatchObject({ pending: 5, ackPending: 0 });
    const puller = collect(place, 2);
    await until(() => puller.messages.length === 2, "two came");
    expect(await place.info()).toMatchObject({ pending: 3, ackPending: 2 });
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
    expect(await place.info()).toMatchObject({ pending: 0, ackPending: 0 });
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
      const place = log.cursor(cursorConfig({ name: `f${serial()}`, filterSubject }));
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

/** What opening and deleting promise. */
export function cursorLife(make: () => Promise<EngineRig>): void {
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
    expect(await again.info()).toMatchObject({ pending: 1, ackPending: 1 });
  });

  test("cursor: a second handle of the same name shares its place", async () => {
    await using rig = await make();
    const { log, subject, place } = await laneOf(rig);
    const other = log.cursor(cursorConfig({ filterSubject: subject, ackWaitMs: 60_000 }));
    await other.open();
    await fill(log, subject, 1);
    const puller = collect(other);
    await until(() => puller.messages.length === 1, "it came");
    expect(await place.info()).toMatchObject({ pending: 0, ackPending: 1 });
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
    first.window = 3;
    first.ask();
    for (let tries = 0; first.gone === 0 && tries < 20; tries++) await rig.pass(100);
    expect(first.gone).toBe(1);
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
    for (let tries = 0; puller.gone === 0 && tries < 20; tries++) await rig.pass(100);
    expect(puller.gone).toBe(1);
  });

  test("open: a second cursor on the same subject of a work queue is refused with LOG_REFUSED", async () => {
    await using rig = await make();
    const { log, subject } = await laneOf(rig);
    expect(await codeOf(log.cursor(cursorConfig({ name: "other", filterSubject: subject })).open())).toBe(
      "LOG_REFUSED",
    );
    expect(await codeOf(log.cursor(cursorConfig({ name: "all" })).open())).toBe("LOG_REFUSED");
  });

  test("purge: cursors of other subjects keep their place and what they hold", async () => {
    await using rig = await make();
    const config = streamConfig({ retention: "workqueue" });
    const log = await rig.engine.stream(config);
    const [a, b] = [subjectOf(config, "a"), subjectOf(config, "b")];
    const place = log.cursor(cursorConfig({ filterSubject: a, ackWaitMs: 60_000 }));
    await place.open();
    for (let n = 0; n < 4; n++) {
      await log.append(outgoing(a));
      await log.append(outgoing(b));
    }
    const puller = collect(place, 2);
    await until(() => puller.messages.length === 2, "two came");
    expect(await log.purge(b)).toBe(4);
    expect(await place.info()).toMatchObject({ pending: 2, ackPending: 2 });
    puller.messages[0]!.nak();
    puller.window = 10;
    puller.ask();
    await until(() => puller.messages.length === 5, "the rest came, and the one handed back");
    expect([...puller.sequences].sort((x, y) => x - y)).toEqual([1, 1, 3, 5, 7]);
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
