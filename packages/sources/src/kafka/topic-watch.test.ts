import { ManualClock } from "@rouse/base";
import { expect, test } from "vitest";
import { TopicWatch } from "./topic-watch.ts";

/** A watch of the topics a and b over a cluster whose topics have so many partitions of ten records each. */
function watchOf(cluster: Map<string, number>) {
  const clock = new ManualClock();
  const stop = new AbortController();
  const state = { failure: undefined as Error | undefined, looks: [] as unknown[] };
  const watch = new TopicWatch({
    topics: ["a", "b"],
    view: {
      existing: async (topics) => {
        if (state.failure) throw state.failure;
        return new Set(topics.filter((topic) => cluster.has(topic)));
      },
      bounds: async (topics) =>
        new Map(
          topics.map((topic) => [
            topic,
            new Map(Array.from({ length: cluster.get(topic)! }, (_, number) => [number, { low: "0", high: "10" }])),
          ]),
        ),
    },
    clock,
    random: () => 0.5,
    signal: stop.signal,
    looked: (failure) => void state.looks.push(failure),
  });
  return { watch, clock, state, stop, ran: watch.run() };
}

test("topic watch: gives those that there are, and names those that are missing", async () => {
  const { watch, clock } = watchOf(new Map([["a", 1]]));
  expect(watch.missing).toEqual([]);
  await clock.advance(0);
  expect((await watch.topics())?.topics).toEqual(["a"]);
  expect(watch.missing).toEqual(["b"]);
});

test("topic watch: waits while there is none, and goes on when one appears", async () => {
  const cluster = new Map<string, number>();
  const { watch, clock } = watchOf(cluster);
  let found: readonly string[] | undefined;
  void watch.topics().then((topics) => {
    found = topics?.topics;
  });
  await clock.advance(3_000);
  expect(found).toBeUndefined();
  cluster.set("b", 1);
  await clock.advance(1_000);
  expect(found).toEqual(["b"]);
});

test("topic watch: tells when a topic or a partition comes or goes, and not otherwise", async () => {
  const cluster = new Map([["a", 1]]);
  const { watch, clock } = watchOf(cluster);
  await clock.advance(0);
  const first = (await watch.topics())!.changed;
  await clock.advance(10_000);
  expect(first.aborted).toBe(false);
  cluster.set("b", 1);
  await clock.advance(1_000);
  expect(first.aborted).toBe(true);
  const second = (await watch.topics())!.changed;
  cluster.set("a", 2);
  await clock.advance(5_000);
  expect(second.aborted).toBe(true);
});

test("topic watch: knows where partitions ended at first, not for those that came later or were begun", async () => {
  const cluster = new Map([["a", 1]]);
  const { watch, clock } = watchOf(cluster);
  await clock.advance(0);
  cluster.set("b", 1);
  await clock.advance(1_000);
  expect([watch.firstEndOf("a", 0), watch.firstEndOf("b", 0), watch.endOf("b", 0)]).toEqual(["10", undefined, "10"]);
  watch.started("a", 0);
  expect(watch.firstEndOf("a", 0)).toBeUndefined();
});

test("topic watch: a topic that was gone once counts as one that came later", async () => {
  const cluster = new Map([["a", 1]]);
  const { watch, clock } = watchOf(cluster);
  await clock.advance(0);
  cluster.delete("a");
  await clock.advance(5_000);
  cluster.set("a", 1);
  await clock.advance(1_000);
  expect(watch.firstEndOf("a", 0)).toBeUndefined();
});

test("topic watch: looks again after a failure, keeps what it knew, and ends with its signal", async () => {
  const { watch, clock, state, stop, ran } = watchOf(
    new Map([
      ["a", 1],
      ["b", 1],
    ]),
  );
  await clock.advance(0);
  state.failure = new Error("away");
  await clock.advance(5_000);
  expect(state.looks).toEqual([undefined, state.failure]);
  expect((await watch.topics())?.topics).toEqual(["a", "b"]);
  state.failure = undefined;
  await clock.advance(250);
  expect(state.looks.length).toBe(3);
  stop.abort(new Error("enough"));
  await ran;
  expect(await watch.topics()).toBeUndefined();
  expect(clock.timers).toBe(0);
});
