import { describe, expect, test } from "vitest";
import { cursorLife, cursors } from "./cursor.conformance.ts";
import {
  codeOf,
  collect,
  cursorConfig,
  type EngineFeatures,
  type EngineRig,
  fill,
  gather,
  outgoing,
  streamConfig,
  subjectOf,
  until,
} from "./engine-rig.testing.ts";

/** The sentences of engine.ts, one test each, for every engine. */
export function engineConformance(name: string, make: () => Promise<EngineRig>, features: EngineFeatures): void {
  describe(`${name}: streams`, () => streams(make, features));
  describe(`${name}: cursors`, () => cursors(make));
  describe(`${name}: life of a cursor`, () => cursorLife(make));
  describe(`${name}: reading`, () => reading(make));
}

const text = new TextEncoder();

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
