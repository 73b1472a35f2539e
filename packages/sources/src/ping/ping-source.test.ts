import { ManualClock } from "@rouse/base";
import { expect, test } from "vitest";
import { MemorySink } from "../memory-sink.testing.ts";
import { MemoryLedger } from "./memory-ledger.testing.ts";
import { createPingSource, type PingDefinition, type PingNote, type PingSource } from "./ping-source.ts";

const start = Date.UTC(2026, 0, 1, 12, 0, 30);
const minute = 60_000;
const hour = 60 * minute;

function definition(changes: Partial<PingDefinition> = {}): PingDefinition {
  return {
    uid: "u1",
    namespace: "default",
    name: "every-minute",
    schedule: "* * * * *",
    timezone: undefined,
    contentType: "application/json",
    data: '{"n":1}',
    dataBase64: undefined,
    ceOverrides: undefined,
    missedTicks: "latest",
    missedTicksDeadlineMs: hour,
    paused: false,
    createdAt: start,
    ...changes,
  };
}

/** A clock, a sink and a ledger, and as many replicas and restarts of one source on them as a test wants. */
function stage(startMs = start) {
  const clock = new ManualClock(startMs);
  const sink = new MemorySink(clock);
  const ledger = new MemoryLedger();
  const notes: PingNote[] = [];
  const run = async (changes: Partial<PingDefinition> = {}): Promise<PingSource> => {
    const journal = (note: PingNote): void => void notes.push(note);
    const source = createPingSource({ definition: definition(changes), sink, ledger, clock, journal });
    source.start();
    await clock.advance(0);
    return source;
  };
  return { clock, sink, ledger, notes, run };
}

const at = (text: string): string => `2026-01-01T${text}Z`;

test("ping source: a tick becomes one event with the planned time, and the ledger knows it", async () => {
  const { clock, sink, ledger, run } = stage();
  await using source = await run();
  expect(source.status()).toMatchObject({ phase: "running", nextTick: Date.parse(at("12:01:00")), published: 0 });
  await clock.advance(2 * minute);
  expect(sink.times).toEqual([at("12:01:00"), at("12:02:00")]);
  expect(sink.stored[0]?.messageId).toBe("u1/2026-01-01T12:01:00Z");
  expect(ledger.records.get("u1")?.lastTick).toBe(Date.parse(at("12:02:00")));
  expect(source.status()).toMatchObject({ lastTick: Date.parse(at("12:02:00")), published: 2, trouble: undefined });
});

test("ping source: two replicas publish every tick and it is one event", async () => {
  const { clock, sink, ledger, run } = stage();
  await using _one = await run();
  await using _two = await run();
  await clock.advance(3 * minute);
  expect(sink.appends).toBe(6);
  expect(sink.times).toEqual([at("12:01:00"), at("12:02:00"), at("12:03:00")]);
  expect(ledger.writes).toBe(3);
});

test("ping source: a new one has missed nothing before it was created", async () => {
  const { clock, sink, run } = stage();
  await using _source = await run({ missedTicks: "all" });
  await clock.advance(0);
  expect(sink.times).toEqual([]);
});

test.each([
  ["latest", [at("13:00:00")], 9],
  [
    "all",
    ["51", "52", "53", "54", "55", "56", "57", "58", "59"].map((m) => at(`12:${m}:00`)).concat(at("13:00:00")),
    0,
  ],
  ["skip", [], 10],
] as const)(
  "ping source: after a restart missed ticks follow the policy %s, marked",
  async (missedTicks, times, leftOut) => {
    const { clock, sink, ledger, run } = stage(Date.parse(at("13:00:30")));
    ledger.records.set("u1", { lastTick: Date.parse(at("12:50:00")), revision: 7 });
    await using source = await run({ missedTicks });
    expect(sink.times).toEqual(times);
    expect(sink.stored.every((kept) => kept.event.attributes.rousemissed === true)).toBe(true);
    expect(source.status().missed).toEqual({ published: times.length, leftOut });
    // Settled for good: the next restart finds nothing missed.
    expect(ledger.records.get("u1")?.lastTick).toBeGreaterThanOrEqual(Date.parse(at("13:00:00")));
    await clock.advance(minute);
    expect(sink.times.at(-1)).toBe(at("13:01:00"));
    expect(sink.stored.at(-1)?.event.attributes).not.toHaveProperty("rousemissed");
  },
);

test("ping source: missed ticks beyond the deadline are left out and told", async () => {
  const { ledger, notes, sink, run } = stage(Date.parse(at("13:00:30")));
  ledger.records.set("u1", { lastTick: Date.parse(at("12:00:00")), revision: 1 });
  await using _source = await run({ missedTicks: "all", missedTicksDeadlineMs: 2 * minute });
  expect(sink.times).toEqual([at("12:59:00"), at("13:00:00")]);
  expect(notes[0]).toEqual({ kind: "left-out", count: 58, missedTicks: "all" });
});

test("ping source: at most the newest 100 missed ticks are published, oldest first", async () => {
  const { ledger, sink, run } = stage(Date.parse(at("23:59:30")));
  ledger.records.set("u1", { lastTick: Date.parse(at("12:00:00")), revision: 1 });
  await using source = await run({ missedTicks: "all", missedTicksDeadlineMs: 24 * hour });
  expect(sink.times).toHaveLength(100);
  expect([sink.times[0], sink.times.at(-1)]).toEqual([at("22:20:00"), at("23:59:00")]);
  expect(source.status().missed).toEqual({ published: 100, leftOut: 619 });
  expect(sink.searches).toBe(1);
});

test("ping source: a tick that was stored before a crash is not stored again after the duplicate window", async () => {
  const { clock, sink, ledger, run } = stage();
  {
    await using _first = await run();
    ledger.write = () => Promise.reject(new Error("the store is away"));
    await clock.advance(minute);
    expect(sink.times).toEqual([at("12:01:00")]);
  }
  ledger.write = MemoryLedger.prototype.write;
  await clock.advance(4 * minute);
  await using second = await run({ missedTicks: "all" });
  expect(sink.times).toEqual(["01", "02", "03", "04", "05"].map((m) => at(`12:${m}:00`)));
  expect(sink.searches).toBe(1);
  expect(second.status().published).toBe(5);
});

test("ping source: a clock that steps back repeats nothing and says why it is silent", async () => {
  const { clock, sink, run } = stage();
  await using source = await run();
  await clock.advance(2 * minute);
  clock.stepWall(-10 * minute);
  await clock.advance(9 * minute);
  expect(sink.times).toEqual([at("12:01:00"), at("12:02:00")]);
  expect(source.status().nextTick).toBe(Date.parse(at("12:03:00")));
  await clock.advance(2 * minute);
  expect(sink.times).toEqual([at("12:01:00"), at("12:02:00"), at("12:03:00")]);
});

test("ping source: a restart on a clock that stepped back repeats nothing", async () => {
  const { clock, sink, run } = stage();
  await (await run())[Symbol.asyncDispose]();
  {
    await using _first = await run();
    await clock.advance(2 * minute);
  }
  clock.stepWall(-hour);
  await using source = await run();
  await clock.advance(30 * minute);
  expect(sink.times).toEqual([at("12:01:00"), at("12:02:00")]);
  expect(source.status().trouble?.message).toContain("behind the last tick");
});

test("ping source: a clock that steps forward makes missed ticks, noticed within a minute", async () => {
  const { clock, sink, run } = stage();
  await using source = await run({ schedule: "*/10 * * * *" });
  clock.stepWall(hour);
  await clock.advance(minute);
  expect(sink.times).toEqual([at("13:00:00")]);
  expect(source.status().missed).toEqual({ published: 1, leftOut: 5 });
});

test("ping source: a tick that falls due between a step and its discovery is in time", async () => {
  const { clock, sink, run } = stage(Date.parse(at("12:00:10")));
  await using source = await run({ schedule: "*/10 * * * *", missedTicks: "skip" });
  clock.stepWall(9 * minute + 20_000);
  await clock.advance(minute);
  expect(sink.times).toEqual([at("12:10:00")]);
  expect(source.status().missed).toEqual({ published: 0, leftOut: 0 });
});

test("ping source: while the sink is away ticks are kept, in order, and none is lost", async () => {
  const { clock, sink, run } = stage();
  await using source = await run();
  sink.instead = () => ({ kind: "unavailable", reason: "nats is away", retryAfterMs: 0 });
  await clock.advance(5 * minute);
  expect(source.status()).toMatchObject({
    pending: 5,
    published: 0,
    trouble: { message: expect.stringContaining("nats is away") },
  });
  sink.instead = undefined;
  await clock.advance(40_000);
  expect(sink.times).toEqual(
    ["01", "02", "03", "04", "05", "06"].slice(0, sink.times.length).map((m) => at(`12:${m}:00`)),
  );
  expect(sink.times.length).toBeGreaterThanOrEqual(5);
  expect(sink.stored.every((kept) => kept.event.attributes.rousemissed === undefined)).toBe(true);
  expect(source.status()).toMatchObject({ pending: 0, lost: 0, trouble: undefined });
});

test("ping source: an answer that got lost does not make a second event when the sink returns late", async () => {
  const { clock, sink, run } = stage();
  await using _source = await run({ schedule: "@hourly", createdAt: start });
  let first = true;
  sink.instead = (event) => {
    if (first) sink.store(event, "u1/2026-01-01T13:00:00Z");
    first = false;
    return { kind: "unavailable", reason: "no answer", retryAfterMs: 0 };
  };
  await clock.advance(hour + 5 * minute);
  sink.instead = undefined;
  await clock.advance(10 * minute);
  expect(sink.times).toEqual([at("13:00:00")]);
});

test("ping source: when more ticks wait than are kept, the oldest are given up and told", async () => {
  const { clock, sink, notes, run } = stage();
  await using source = await run();
  sink.instead = () => ({ kind: "unavailable", reason: "away", retryAfterMs: 5000 });
  await clock.advance(103 * minute);
  expect(source.status()).toMatchObject({ pending: 101, lost: 2 });
  const lost = notes.flatMap((note) => (note.kind === "lost" ? [new Date(note.tick.planned).toISOString()] : []));
  expect(lost).toEqual(["2026-01-01T12:02:00.000Z", "2026-01-01T12:03:00.000Z"]);
});

test("ping source: a refused tick is reported and the next ones go on", async () => {
  const { clock, sink, ledger, run } = stage();
  await using source = await run();
  sink.instead = () => ({ kind: "refused", reason: "too large" });
  await clock.advance(minute);
  expect(source.status()).toMatchObject({ refused: 1, trouble: { message: expect.stringContaining("too large") } });
  expect(ledger.records.get("u1")?.lastTick).toBe(Date.parse(at("12:01:00")));
  sink.instead = undefined;
  await clock.advance(minute);
  expect(sink.times).toEqual([at("12:02:00")]);
  expect(source.status().trouble).toBeUndefined();
});

test("ping source: a sink that throws is a sink that is away", async () => {
  const { clock, sink, run } = stage();
  await using source = await run();
  sink.instead = () => {
    throw new Error("a bug");
  };
  await clock.advance(minute);
  expect(source.status().trouble?.message).toContain("a bug");
  sink.instead = undefined;
  await clock.advance(minute);
  expect(sink.times).toContain(at("12:01:00"));
});

test("ping source: ticks wait while the ledger is away at the start", async () => {
  const { clock, sink, ledger, run } = stage();
  ledger.broken = true;
  await using source = await run();
  await clock.advance(10_000);
  expect(source.status().trouble?.message).toContain("the store is away");
  ledger.broken = false;
  await clock.advance(2 * minute);
  expect(sink.times).toEqual([at("12:01:00"), at("12:02:00")]);
  expect(source.status().trouble).toBeUndefined();
});

test("ping source: while the ledger is away later, ticks go on and the last one is written when it returns", async () => {
  const { clock, sink, ledger, run } = stage();
  await using source = await run({ schedule: "0 * * * *" });
  ledger.broken = true;
  await clock.advance(hour);
  expect(sink.times).toEqual([at("13:00:00")]);
  expect(source.status().trouble?.message).toContain("could not be written");
  ledger.broken = false;
  await clock.advance(2 * minute);
  expect(ledger.records.get("u1")?.lastTick).toBe(Date.parse(at("13:00:00")));
  expect(source.status().trouble).toBeUndefined();
});

test("ping source: ticks of a pause are neither published nor missed afterwards", async () => {
  const { clock, sink, run } = stage();
  {
    await using paused = await run({ paused: true });
    expect(paused.status()).toMatchObject({ phase: "paused", nextTick: undefined });
    await clock.advance(10 * minute);
  }
  await using _resumed = await run({ missedTicks: "all" });
  expect(sink.times).toEqual([]);
  await clock.advance(minute);
  expect(sink.times).toEqual([at("12:11:00")]);
});

test("ping source: what a changed schedule would have planned before the change was not missed, nor after a crash", async () => {
  const { clock, sink, ledger, run } = stage(Date.parse(at("12:40:30")));
  ledger.records.set("u1", { lastTick: Date.parse(at("12:00:00")), revision: 1 });
  const changed = { schedule: "*/5 * * * *", missedTicks: "all" } as const;
  {
    await using _first = await run({ ...changed, effectiveFrom: Date.parse(at("12:40:30")) });
    expect(sink.times).toEqual([]);
  }
  await clock.advance(10 * minute);
  await using _second = await run(changed);
  expect(sink.times).toEqual([at("12:45:00"), at("12:50:00")]);
});

test("ping source: fire publishes one event now, also when paused, and each is another event", async () => {
  const { sink, run } = stage();
  await using source = await run({ paused: true });
  expect(await source.fire()).toEqual({ kind: "stored", duplicate: false, handle: "default/default/1" });
  await source.fire();
  expect(sink.stored.map((kept) => kept.event.attributes.id)).toEqual([
    "u1-fire-2026-01-01T12:00:30.000Z-1",
    "u1-fire-2026-01-01T12:00:30.000Z-2",
  ]);
});

test("ping source: disposing finishes the tick in hand and leaves no timer", async () => {
  const { clock, sink, ledger, run } = stage();
  const source = await run();
  let release = (): void => {};
  const gate = new Promise<void>((resolve) => {
    release = resolve;
  });
  const append = sink.append.bind(sink);
  sink.append = async (event, messageId) => {
    await gate;
    return append(event, messageId);
  };
  await clock.advance(minute);
  const closed = source[Symbol.asyncDispose]();
  release();
  await closed;
  await source[Symbol.asyncDispose]();
  expect(sink.times).toEqual([at("12:01:00")]);
  expect(ledger.records.get("u1")?.lastTick).toBe(Date.parse(at("12:01:00")));
  expect(clock.timers).toBe(0);
  expect(await source.fire()).toMatchObject({ kind: "unavailable" });
  expect(source.status()).toMatchObject({ phase: "closed", nextTick: undefined });
});

test("ping source: disposing while the sink is away does not wait for it", async () => {
  const { clock, sink, run } = stage();
  const source = await run();
  sink.instead = () => ({ kind: "unavailable", reason: "away", retryAfterMs: 30_000 });
  await clock.advance(minute);
  await source[Symbol.asyncDispose]();
  expect(clock.timers).toBe(0);
});

test("ping source: disposing one that was never started, or whose ledger is away, works", async () => {
  const { clock, sink, ledger, run } = stage();
  const idle = createPingSource({ definition: definition(), sink, ledger, clock });
  await idle[Symbol.asyncDispose]();
  idle.start();
  ledger.broken = true;
  const source = await run();
  await source[Symbol.asyncDispose]();
  expect(clock.timers).toBe(0);
});

test("ping source: in autumn both half past two in Berlin are ticks, in spring none", async () => {
  const autumn = stage(Date.UTC(2026, 9, 25, 0, 0));
  await using _autumn = await autumn.run({ schedule: "30 2 * * *", timezone: "Europe/Berlin", createdAt: 0 });
  autumn.sink.stored.length = 0;
  await autumn.clock.advance(12 * hour);
  expect(autumn.sink.times).toEqual(["2026-10-25T00:30:00Z", "2026-10-25T01:30:00Z"]);
  const spring = stage(Date.UTC(2026, 2, 28, 12));
  await using _spring = await spring.run({
    schedule: "30 2 * * *",
    timezone: "Europe/Berlin",
    createdAt: Date.UTC(2026, 2, 28, 12),
  });
  await spring.clock.advance(24 * hour);
  expect(spring.sink.times).toEqual([]);
});

test("ping source: a schedule or data that admission should have refused is a fault with a way out", () => {
  const { clock, sink, ledger } = stage();
  const make = (changes: Partial<PingDefinition>) =>
    createPingSource({ definition: definition(changes), sink, ledger, clock });
  expect(() => make({ schedule: "@every 5s" })).toThrow(expect.objectContaining({ code: "SOURCE_SCHEDULE_INVALID" }));
  expect(() => make({ data: undefined, dataBase64: "%%%" })).toThrow(
    expect.objectContaining({ code: "SOURCE_DATA_INVALID" }),
  );
});

test("ping source: a schedule that never fires looks at the clock and publishes nothing", async () => {
  const { clock, sink, run } = stage();
  await using source = await run({ schedule: "0 0 31 2 *" });
  await clock.advance(3 * minute);
  expect(source.status().nextTick).toBeUndefined();
  expect(sink.times).toEqual([]);
});
