import { ManualClock } from "@rouse/base";
import type { KafkaMessage } from "kafkajs";
import { expect, test } from "vitest";
import { MemorySink } from "../memory-sink.testing.ts";
import type { SinkAnswer } from "../sink.ts";
import { Assignment, type AssignmentOptions } from "./assignment.ts";
import type { PartitionLane } from "./partition-lane.ts";

const part = { topic: "t", partition: 0 };

interface Told {
  readonly calls: string[];
  committed: string | undefined;
  low: string;
  high: string;
  viewFailure: Error | undefined;
  commitFailure: Error | undefined;
}

function assignmentOf(told: Partial<Told> = {}, options: Partial<AssignmentOptions> = {}) {
  const clock = new ManualClock();
  const sink = new MemorySink(clock);
  const state: Told = {
    calls: [],
    committed: undefined,
    low: "0",
    high: "10",
    viewFailure: undefined,
    commitFailure: undefined,
    ...told,
  };
  const lanes = new Map<string, PartitionLane>();
  const assignment = new Assignment({
    uid: "u",
    shape: { namespace: "default", name: "n", keyType: "string", ceOverrides: undefined },
    sink,
    parts: [part],
    ordering: "ordered",
    control: {
      pause: () => void state.calls.push("pause"),
      resume: () => void state.calls.push("resume"),
      seek: (_part, offset) => void state.calls.push(`seek ${offset}`),
      commit: async ([first]) => {
        state.calls.push(`commit ${first!.offset}`);
        if (state.commitFailure) throw state.commitFailure;
      },
    },
    view: {
      committed: async () => new Map(state.committed === undefined ? [] : [["t", new Map([[0, state.committed]])]]),
      bounds: async () => {
        if (state.viewFailure) throw state.viewFailure;
        return new Map([["t", new Map([[0, { low: state.low, high: state.high }]])]]);
      },
    },
    lanes,
    initial: () => undefined,
    clock,
    random: () => 0.5,
    events: {
      settled: () => undefined,
      held: () => undefined,
      committed: (failure) => void state.calls.push(failure === undefined ? "committed" : "not committed"),
      positioned: (failure) => void state.calls.push(failure === undefined ? "positioned" : "not positioned"),
      started: () => void state.calls.push("started"),
      moved: (_part, start) => void state.calls.push(start.kind),
    },
    ...options,
  });
  return { assignment, clock, sink, state, lanes };
}

function messages(from: number, count: number): KafkaMessage[] {
  return Array.from({ length: count }, (_, index) => ({
    offset: String(from + index),
    timestamp: "1700000000000",
    key: null,
    value: Buffer.from("v"),
    attributes: 0,
    headers: {},
  }));
}

test("assignment: is paused until its position is known, and goes on where the group was", async () => {
  const { clock, state } = assignmentOf({ committed: "4" });
  expect(state.calls).toEqual(["pause"]);
  await clock.advance(0);
  expect(state.calls).toEqual(["pause", "started", "seek 4", "resume", "positioned"]);
});

test("assignment: a position that was not committed is committed before anything is read", async () => {
  const { clock, state } = assignmentOf({}, { initial: () => "7" });
  await clock.advance(0);
  expect(state.calls).toEqual(["pause", "commit 7", "started", "seek 7", "resume", "positioned"]);
});

test("assignment: nothing is read while the position cannot be found out or committed", async () => {
  const { clock, state } = assignmentOf({ viewFailure: new Error("away") });
  await clock.advance(0);
  expect(state.calls).toEqual(["pause", "not positioned"]);
  state.viewFailure = undefined;
  state.commitFailure = new Error("away");
  await clock.advance(250);
  expect(state.calls.slice(2)).toEqual(["commit 0", "not positioned"]);
  state.commitFailure = undefined;
  await clock.advance(1_000);
  expect(state.calls.slice(4)).toEqual(["commit 0", "started", "seek 0", "resume", "positioned"]);
});

test("assignment: commits what is stored after a while, and once", async () => {
  const { assignment, clock, state, sink } = assignmentOf({ committed: "0" });
  await clock.advance(0);
  state.calls.length = 0;
  expect(assignment.offer(part, "0", messages(0, 3), "3", "10")).toBe(true);
  await clock.advance(0);
  expect([sink.stored.length, state.calls]).toEqual([3, []]);
  await clock.advance(5_000);
  expect(state.calls).toEqual(["commit 3", "committed"]);
  expect(clock.timers).toBe(0);
});

test("assignment: a commit that fails is told of and repeated, one that a rebalance refuses is not told of", async () => {
  const { assignment, clock, state } = assignmentOf({ committed: "0" });
  await clock.advance(0);
  state.calls.length = 0;
  state.commitFailure = new Error("away");
  assignment.offer(part, "0", messages(0, 1), "1", "10");
  await clock.advance(500);
  expect(state.calls).toEqual(["commit 1", "not committed"]);
  state.commitFailure = Object.assign(new Error("rebalancing"), { type: "REBALANCE_IN_PROGRESS" });
  await clock.advance(500);
  expect(state.calls.slice(2)).toEqual(["commit 1"]);
  state.commitFailure = undefined;
  await clock.advance(500);
  expect(state.calls.slice(3)).toEqual(["commit 1", "committed"]);
});

test("assignment: what was read elsewhere than where we are is not taken, and the partition is begun anew", async () => {
  const { assignment, clock, state, sink } = assignmentOf({ committed: "4" });
  await clock.advance(0);
  state.calls.length = 0;
  state.committed = "6";
  state.low = "8";
  expect(assignment.offer(part, "8", messages(8, 1), "9", "10")).toBe(false);
  await clock.advance(0);
  expect(state.calls).toEqual(["pause", "expired", "commit 8", "started", "seek 8", "resume", "positioned"]);
  expect(sink.appends).toBe(0);
  expect(assignment.offer(part, "8", messages(8, 1), "9", "10")).toBe(true);
});

test("assignment: nothing is committed after it was revoked, whatever is stored then", async () => {
  const { assignment, clock, state, sink } = assignmentOf({ committed: "0" });
  await clock.advance(0);
  state.calls.length = 0;
  const answers: (() => void)[] = [];
  sink.instead = (event, messageId) =>
    new Promise<SinkAnswer>((resolve) => answers.push(() => resolve(sink.store(event, messageId))));
  assignment.offer(part, "0", messages(0, 2), "2", "10");
  await clock.advance(0);
  assignment.revoke();
  answers[0]!();
  await clock.advance(5_000);
  await assignment.commit();
  expect(assignment.offer(part, "2", messages(2, 1), "3", "10")).toBe(false);
  expect([answers.length, state.calls.filter((call) => call.startsWith("commit "))]).toEqual([1, []]);
  expect(clock.timers).toBe(0);
});

test("assignment: a partition that is full and does not move is paused with heartbeats, and resumed when it has room", async () => {
  const { assignment, clock, state, sink } = assignmentOf({ committed: "0" });
  await clock.advance(0);
  state.calls.length = 0;
  let away = true;
  sink.instead = () => (away ? { kind: "unavailable", reason: "away", retryAfterMs: 0 } : undefined);
  assignment.offer(part, "0", messages(0, 300), "300", "300");
  let heartbeats = 0;
  let through = false;
  void assignment
    .room(part, async () => {
      heartbeats += 1;
    })
    .then(() => {
      through = true;
    });
  await clock.advance(200);
  expect([through, heartbeats, state.calls]).toEqual([true, 1, ["pause"]]);
  away = false;
  await clock.advance(1_000);
  expect(state.calls[1]).toBe("resume");
  assignment.revoke();
});

test("assignment: a partition that became full anew by what the sink gave back is resumed, too", async () => {
  const { assignment, clock, state, sink } = assignmentOf({ committed: "0" }, { ordering: "unordered" });
  await clock.advance(0);
  state.calls.length = 0;
  const asked: (() => void)[] = [];
  let away = false;
  sink.instead = (event, messageId) =>
    new Promise<SinkAnswer>((resolve) =>
      asked.push(() =>
        resolve(away ? { kind: "unavailable", reason: "away", retryAfterMs: 0 } : sink.store(event, messageId)),
      ),
    );
  assignment.offer(part, "0", messages(0, 600), "600", "600");
  await clock.advance(0);
  let through = false;
  void assignment
    .room(part, async () => {
      // The sink goes away just after the partition had room.
      away = true;
      for (const answer of asked.splice(0)) answer();
      await clock.advance(0);
    })
    .then(() => {
      through = true;
    });
  for (const answer of asked.splice(0, 220)) answer();
  await clock.advance(50);
  sink.instead = () => (away ? { kind: "unavailable", reason: "away", retryAfterMs: 0 } : undefined);
  await clock.advance(1_000);
  expect([through, state.calls.at(-1)]).toEqual([true, "pause"]);
  away = false;
  await clock.advance(10_000);
  expect(sink.stored.length).toBe(600);
  expect(state.calls.filter((call) => call === "resume" || call === "pause").at(-1)).toBe("resume");
  assignment.revoke();
});
