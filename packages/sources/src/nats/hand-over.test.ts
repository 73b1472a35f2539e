import { ManualClock } from "@rouse/base";
import { createEvent } from "@rouse/events";
import { expect, test } from "vitest";
import { MemorySink } from "../memory-sink.testing.ts";
import type { SinkAnswer } from "../sink.ts";
import { handOver, type Piece } from "./hand-over.ts";

const event = createEvent({ id: "1", source: "/s", type: "t" });
const piece: Piece = {
  mapped: { kind: "event", event },
  messageId: "u/1",
  origin: { stream: "S", sequence: 1 },
  raw: new Uint8Array([1]),
};

function rig() {
  const clock = new ManualClock();
  const sink = new MemorySink(clock);
  const closing = new AbortController();
  const complaints: string[] = [];
  const complain = (message: string) => void complaints.push(message);
  const hand = (one: Piece = piece) =>
    handOver(one, { sink, clock, random: () => 0.5, signal: closing.signal, complain });
  return { clock, sink, closing, complaints, hand };
}

test("handing over: asks again until the sink stores, after the time that it said", async () => {
  const { clock, sink, hand, complaints } = rig();
  const answers: SinkAnswer[] = [
    { kind: "unavailable", reason: "pressure", retryAfterMs: 700 },
    { kind: "unavailable", reason: "pressure", retryAfterMs: 0 },
  ];
  sink.instead = () => answers.shift();
  const done = hand();
  await clock.advance(699);
  expect(sink.appends).toBe(1);
  await clock.advance(1);
  expect(sink.appends).toBe(2);
  await clock.advance(100);
  expect(await done).toBe("stored");
  expect([complaints[0], clock.timers]).toEqual(["the sink is unavailable: pressure", 0]);
});

test("handing over: a sink that throws, or never answers, is away", async () => {
  const { clock, sink, hand, complaints } = rig();
  const answers = [() => Promise.reject(new Error("lost")), () => new Promise<SinkAnswer>(() => {})];
  sink.instead = () => answers.shift()?.();
  const done = hand();
  await clock.advance(40_000);
  expect(await done).toBe("stored");
  expect(complaints).toEqual(["the sink is unavailable: lost", "the sink is unavailable: no answer within 30 s"]);
});

test("handing over: what is refused is buried with the event, what is no event with its bytes", async () => {
  const { sink, hand, complaints } = rig();
  sink.instead = () => ({ kind: "refused", reason: "too large" });
  expect(await hand()).toBe("buried");
  const mapped = { kind: "invalid", reason: "event-invalid", message: "no id" } as const;
  expect(await hand({ ...piece, mapped, messageId: "u/2" })).toBe("buried");
  expect(sink.buried.map(({ what, messageId }) => ({ ...what, messageId }))).toEqual([
    {
      reason: "event-refused",
      message: "too large",
      origin: piece.origin,
      event,
      raw: undefined,
      messageId: "u/1",
    },
    {
      reason: "event-invalid",
      message: "no id",
      origin: piece.origin,
      event: undefined,
      raw: piece.raw,
      messageId: "u/2",
    },
  ]);
  expect(complaints).toEqual([
    "the sink refused a message (stream S, sequence 1): too large; it is kept as a dead record",
  ]);
});

test("handing over: a grave that is unavailable is asked for again", async () => {
  const { clock, sink, hand } = rig();
  sink.instead = () => ({ kind: "refused", reason: "too large" });
  let away = 2;
  sink.insteadOfBurying = () => (away-- > 0 ? { kind: "unavailable", reason: "away", retryAfterMs: 10 } : undefined);
  const done = hand();
  await clock.advance(1_000);
  expect([await done, sink.appends, sink.burials]).toEqual(["buried", 1, 3]);
});

test("handing over: closing ends the wait with one last attempt", async () => {
  const { clock, sink, closing, hand } = rig();
  sink.instead = () => ({ kind: "unavailable", reason: "away", retryAfterMs: 5_000 });
  const done = hand();
  await clock.advance(1);
  closing.abort();
  expect([await done, sink.appends, clock.timers]).toEqual(["given-up", 2, 0]);
});
