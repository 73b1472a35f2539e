import { sleep, systemClock } from "@rouse/base";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { MemorySink } from "./memory-sink.testing.ts";
import type { Sink, SinkAnswer } from "./sink.ts";
import type { Source } from "./source.ts";

/** One place outside that a source reads: a topic, a queue, a subject. Closing it removes nothing that others use. */
export interface Outside extends AsyncDisposable {
  /** Makes a source of this place; every call is the same source again (uid, group, queue), as after a restart. */
  source(sink: Sink): Source<unknown>;
  /** Puts texts in, in this order; resolves when the outside has them. */
  put(texts: readonly string[]): Promise<void>;
  /** Puts something in that can never become an event; absent where there is no such thing. */
  putInvalid?(): Promise<void>;
  /** The attributes of the events of `put(["golden"])`, complete but for `golden.ignore`. */
  readonly golden: { readonly attributes: Readonly<Record<string, unknown>>; readonly ignore: readonly string[] };
  /** Kills the server that the place is on, and starts it again with what it had stored. */
  crash?(): Promise<void>;
}

/** How a kind of source is tried. */
export interface SourceHarness {
  /** Starts what the places need. */
  start?(): Promise<void>;
  stop?(): Promise<void>;
  open(): Promise<Outside>;
  /** False: what is handed over while no source runs, or was not stored, is gone; the sender has it still. */
  readonly keeps: boolean;
  /** False: everything that comes can become an event. Default true. */
  readonly invalid?: boolean;
  /** False: there is no server that could die. Default true. */
  readonly crashes?: boolean;
  /** The longest that disposing may take while the sink never answers, milliseconds. */
  readonly drainMs: number;
  /** How long joining or rejoining may take, milliseconds; default 20,000. */
  readonly patienceMs?: number;
}

/** What every source does, tried on real servers. */
export function sourceConformance(name: string, harness: SourceHarness): void {
  const within = harness.patienceMs ?? 20_000;

  describe(`${name}: source conformance`, () => {
    beforeAll(() => harness.start?.());
    afterAll(() => harness.stop?.());

    test("delivers what was put in, once each while nothing goes wrong", async () => {
      await using outside = await harness.open();
      const sink = new MemorySink(systemClock);
      await using source = started(outside, sink);
      const texts = Array.from({ length: 40 }, (_, index) => `text ${index}`);
      await outside.put(texts);
      await until(
        "all are stored",
        () => sink.stored.length >= texts.length,
        within,
        () => [textsIn(sink), source.status()],
      );
      expect(textsIn(sink).sort()).toEqual([...texts].sort());
      expect(sink.appends).toBe(texts.length);
    });

    test("gives exactly the mapped attributes", async () => {
      await using outside = await harness.open();
      const sink = new MemorySink(systemClock);
      await using source = started(outside, sink);
      await outside.put(["golden"]);
      await until(
        "it is stored",
        () => sink.stored.length > 0,
        within,
        () => source.status(),
      );
      const attributes: Record<string, unknown> = { ...sink.stored[0]!.event.attributes };
      for (const ignored of outside.golden.ignore) {
        expect(attributes[ignored], ignored).toBeTypeOf("string");
        delete attributes[ignored];
      }
      expect(attributes).toEqual(outside.golden.attributes);
    });

    test("keeps what the sink does not take now, and hands it over when the sink is back", async () => {
      await using outside = await harness.open();
      const sink = new MemorySink(systemClock);
      let away = true;
      sink.instead = () => (away ? { kind: "unavailable", reason: "away", retryAfterMs: 20 } : undefined);
      await using source = started(outside, sink);
      const put = outside.put(["a", "b", "c"]);
      await until(
        "it was asked",
        () => sink.appends > 1,
        within,
        () => source.status(),
      );
      expect(sink.stored).toEqual([]);
      away = false;
      await put;
      await until(
        "all are stored",
        () => new Set(textsIn(sink)).size === 3,
        within,
        () => source.status(),
      );
    });

    test("takes a sink that throws for one that is away", async () => {
      await using outside = await harness.open();
      const sink = new MemorySink(systemClock);
      let thrown = 0;
      sink.instead = () => {
        if (thrown++ < 2) throw new Error("lost the answer");
        return undefined;
      };
      await using source = started(outside, sink);
      await outside.put(["a"]);
      await until(
        "it is stored",
        () => textsIn(sink).includes("a"),
        within,
        () => source.status(),
      );
    });

    test("stops within its drain deadline while the sink never answers, and leaves nothing open", async () => {
      const before = resources();
      {
        await using outside = await harness.open();
        const sink = new MemorySink(systemClock);
        sink.instead = () => new Promise<SinkAnswer>(() => undefined);
        const source = started(outside, sink);
        void outside.put(["a"]).catch(() => undefined);
        await until(
          "it was asked",
          () => sink.appends > 0,
          within,
          () => source.status(),
        );
        const since = performance.now();
        await source[Symbol.asyncDispose]();
        expect(performance.now() - since).toBeLessThan(harness.drainMs + 1_000);
      }
      await until(
        "everything is closed",
        () => resources() <= before,
        5_000,
        () => process.getActiveResourcesInfo(),
      );
    });

    when(harness.keeps)("acknowledges nothing before it is stored: what was only asked for comes again", async () => {
      await using outside = await harness.open();
      const silent = new MemorySink(systemClock);
      silent.instead = (event) =>
        textOf(event.data) === "stored" ? undefined : new Promise<SinkAnswer>(() => undefined);
      const first = started(outside, silent);
      await outside.put(["stored"]);
      await until(
        "the first is stored",
        () => silent.stored.length === 1,
        within,
        () => first.status(),
      );
      await outside.put(["x", "y", "z"]);
      await until(
        "it was asked",
        () => silent.appends > 1,
        within,
        () => first.status(),
      );
      await first[Symbol.asyncDispose]();

      const sink = new MemorySink(systemClock);
      await using second = started(outside, sink);
      await until(
        "the rest is stored",
        () => ["x", "y", "z"].every((text) => textsIn(sink).includes(text)),
        within,
        () => [textsIn(sink), second.status()],
      );
      expect(textsIn(sink)).not.toContain("stored");
    });

    when(harness.keeps)("resumes where it was, with what came while it did not run", async () => {
      await using outside = await harness.open();
      const sink = new MemorySink(systemClock);
      const first = started(outside, sink);
      await outside.put(["a", "b"]);
      await until(
        "both are stored",
        () => sink.stored.length === 2,
        within,
        () => first.status(),
      );
      await first[Symbol.asyncDispose]();
      await outside.put(["c"]);
      await using second = started(outside, sink);
      await until(
        "the third is stored",
        () => textsIn(sink).includes("c"),
        within,
        () => second.status(),
      );
      expect(textsIn(sink)).toEqual(["a", "b", "c"]);
      expect(sink.appends).toBe(3);
    });

    when(harness.invalid ?? true)("records what can never become an event, once, and goes on", async () => {
      await using outside = await harness.open();
      const sink = new MemorySink(systemClock);
      await using source = started(outside, sink);
      await outside.putInvalid!();
      await outside.put(["after"]);
      await until(
        "the next is stored",
        () => textsIn(sink).includes("after"),
        within,
        () => source.status(),
      );
      await until(
        "a dead record is there",
        () => sink.buried.length === 1,
        within,
        () => source.status(),
      );
      expect(sink.buried[0]!.what.message).not.toBe("");
      expect(Object.keys(sink.buried[0]!.what.origin)).not.toEqual([]);
    });

    test("records what the sink refuses, and goes on", async () => {
      await using outside = await harness.open();
      const sink = new MemorySink(systemClock);
      sink.instead = (event) =>
        textOf(event.data) === "bad" ? { kind: "refused", reason: "too large for the broker" } : undefined;
      await using source = started(outside, sink);
      await outside.put(["bad", "good"]).catch(() => undefined);
      await until(
        "the next is stored",
        () => textsIn(sink).includes("good"),
        within,
        () => source.status(),
      );
      if (harness.keeps) expect(sink.buried.map(({ what }) => textOf(what.event?.data ?? what.raw))).toEqual(["bad"]);
    });

    when(harness.crashes ?? true)("survives the death of the server that it reads", async () => {
      await using outside = await harness.open();
      const sink = new MemorySink(systemClock);
      await using source = started(outside, sink);
      await outside.put(["before"]);
      await until(
        "the first is stored",
        () => textsIn(sink).includes("before"),
        within,
        () => source.status(),
      );
      await outside.crash!();
      await outside.put(["after"]);
      await until(
        "the next is stored",
        () => textsIn(sink).includes("after"),
        within * 2,
        () => source.status(),
      );
    });
  });
}

/** A case that says nothing about a kind of source is left out, not skipped: nothing is missing. */
function when(applies: boolean): (name: string, run: () => Promise<void>) => void {
  return applies ? (name, run) => test(name, run) : () => undefined;
}

function started(outside: Outside, sink: Sink): Source<unknown> {
  const source = outside.source(sink);
  source.start();
  return source;
}

function textsIn(sink: MemorySink): string[] {
  return sink.stored.map(({ event }) => textOf(event.data));
}

function textOf(data: Uint8Array | undefined): string {
  return data === undefined ? "" : new TextDecoder().decode(data);
}

/** Sockets and timers that keep this process alive. */
function resources(): number {
  return process.getActiveResourcesInfo().filter((each) => each.startsWith("TCP") || each === "Timeout").length;
}

async function until(what: string, holds: () => boolean, withinMs: number, evidence: () => unknown): Promise<void> {
  const end = performance.now() + withinMs;
  while (!holds()) {
    if (performance.now() > end) throw new Error(`not in ${withinMs} ms: ${what}; ${JSON.stringify(evidence())}`);
    await sleep(systemClock, 10);
  }
}
