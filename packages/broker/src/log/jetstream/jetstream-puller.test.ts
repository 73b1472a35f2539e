import { ManualClock } from "@rouse/base";
import { expect, test } from "vitest";
import type { HeldMessage } from "../engine.ts";
import { FakeConnection } from "./fake-connection.testing.ts";
import { JetstreamPuller } from "./jetstream-puller.ts";
import { Link } from "./link.ts";

async function setUp(window = 10) {
  const clock = new ManualClock();
  const fake = new FakeConnection();
  const link = new Link(fake.connection, (send) => send());
  const held: HeldMessage[] = [];
  const state = { window, gone: 0, exists: true, ended: 0, asked: 0, released: 0, onAsked: () => {} };
  const exists = async () => {
    state.asked++;
    state.onAsked();
    return state.exists;
  };
  const puller = new JetstreamPuller(
    link,
    clock,
    { stream: "S", cursor: "C", exists },
    {
      window: () => state.window,
      onMessage: (one) => held.push(one),
      onGone: () => state.gone++,
      onReleased: () => state.released++,
    },
    () => state.ended++,
  );
  let sequence = 0;
  const requests = () => fake.published.filter((one) => one.subject === "$JS.API.CONSUMER.MSG.NEXT.S.C");
  const give = (count: number, request = requests().at(-1)!) => {
    for (let n = 0; n < count; n++) {
      const reply = `$JS.ACK.S.C.1.${++sequence}.${sequence}.1767225600000000000.0`;
      fake.deliver("s.a", "x", { reply, to: request.reply });
    }
  };
  const batches = () => requests().map((one) => JSON.parse(one.text).batch as number);
  const settled = () => fake.published.filter((one) => one.subject.startsWith("$JS.ACK")).map((one) => one.text);
  await clock.advance(0);
  return { clock, fake, puller, held, state, requests, batches, give, settled };
}

test("puller: asks for the whole window, then again only when half of it is free", async () => {
  const { clock, batches, give, held, puller } = await setUp(10);
  expect(batches()).toEqual([10]);
  give(8);
  for (const one of held.slice(0, 4)) one.ack();
  await clock.advance(0);
  expect(batches()).toEqual([10]);
  expect(puller.held).toBe(4);
  held[4]!.ack();
  await clock.advance(0);
  expect(batches()).toEqual([10, 5]);
});

test("puller: with nothing outstanding it asks for what is free, be it one", async () => {
  const { clock, batches, give, held } = await setUp(4);
  give(4);
  held[0]!.ack();
  await clock.advance(0);
  expect(batches()).toEqual([4, 1]);
});

test("puller: an expired request is taken off by what was left of it", async () => {
  const { clock, batches, give, fake, requests } = await setUp(10);
  give(3);
  fake.answer(requests()[0]!.reply, 408, "Request Timeout", 7);
  await clock.advance(0);
  expect(batches()).toEqual([10, 7]);
});

test("puller: a refused request is taken off whole and repeated after a moment", async () => {
  const { clock, batches, fake, requests } = await setUp(10);
  fake.answer(requests()[0]!.reply, 409, "Exceeded MaxWaiting");
  await clock.advance(100);
  expect(batches()).toEqual([10]);
  await clock.advance(200);
  expect(batches()).toEqual([10, 10]);
});

test("puller: a request whose status never comes is forgotten after it must have expired", async () => {
  const { clock, batches, fake, requests } = await setUp(10);
  const beat = async (seconds: number) => {
    for (let second = 0; second < seconds; second++) {
      fake.answer(requests()[0]!.reply, 100, "Idle Heartbeat");
      await clock.advance(1000);
    }
  };
  await beat(24);
  expect(batches()).toEqual([10]);
  await beat(2);
  expect(batches()).toEqual([10, 10]);
});

test.each([
  [409, "Consumer Deleted"],
  [503, "No Responders"],
])("puller: %i %s means that the cursor is gone, told once", async (code, text) => {
  const { clock, fake, requests, state, puller } = await setUp();
  fake.answer(requests()[0]!.reply, code, text);
  fake.answer(requests()[0]!.reply, code, text);
  await clock.advance(0);
  puller.ask();
  await clock.advance(60_000);
  expect(state).toMatchObject({ gone: 1, ended: 1 });
  expect([fake.listeners.size, clock.timers, requests().length]).toEqual([0, 0, 1]);
});

test("puller: one that hears nothing asks whether the cursor is there, and is gone when it is not", async () => {
  const { clock, state } = await setUp();
  state.exists = false;
  await clock.advance(1000);
  expect(state).toMatchObject({ asked: 1, gone: 1 });
});

test("puller: a request without heartbeats was forgotten; with heartbeats it is waited for, and nothing is asked", async () => {
  const waiting = await setUp();
  const [request] = waiting.requests();
  expect(JSON.parse(request!.text)).toMatchObject({ expires: 20e9, idle_heartbeat: 1e9 });
  for (let second = 0; second < 15; second++) {
    await waiting.clock.advance(1000);
    waiting.fake.answer(request!.reply, 100, "Idle Heartbeat");
  }
  expect(waiting.state).toMatchObject({ asked: 1, gone: 0 });
  const forgotten = await setUp();
  await forgotten.clock.advance(3000);
  expect(forgotten.state).toMatchObject({ asked: 2, gone: 1 });
  expect([forgotten.fake.listeners.size, forgotten.clock.timers, forgotten.requests().length]).toEqual([0, 0, 1]);
});

test("puller: heartbeats that arrive before the answer to the question were only read late", async () => {
  const { clock, state, fake, requests } = await setUp();
  await clock.advance(600);
  const late = () => fake.answer(requests()[0]!.reply, 100, "Idle Heartbeat");
  state.onAsked = late;
  await clock.advance(2300);
  expect(state).toMatchObject({ asked: 2, gone: 0 });
});

test("puller: what was handed out before its end is told when it is settled", async () => {
  const { fake, give, held, state } = await setUp();
  give(2);
  held[0]!.ack();
  await fake.tell("disconnect");
  await fake.tell("reconnect");
  expect(state.released).toBe(0);
  held[1]!.nak();
  expect(state.released).toBe(1);
});

test("puller: a renewed connection means that the cursor must be opened again; held ones may still be settled", async () => {
  const { fake, give, held, state, settled, puller } = await setUp();
  give(2);
  await fake.tell("disconnect");
  expect(state.gone).toBe(0);
  await fake.tell("reconnect");
  expect(state.gone).toBe(1);
  held[0]!.ack();
  expect(settled()).toEqual(["+ACK"]);
  expect(puller.held).toBe(1);
});

test("puller: what arrives after stop goes back, past the request that is still open, and nobody is told", async () => {
  const { fake, give, requests, settled, puller, held, state, clock } = await setUp();
  puller.stop();
  await clock.advance(50);
  give(1);
  fake.answer(requests()[0]!.reply, 409, "Consumer Deleted");
  expect(settled()).toEqual([`-NAK {"delay": 200000000}`]);
  expect([fake.listeners.size, state.ended]).toEqual([1, 0]);
  await clock.advance(50);
  await puller.over;
  expect([fake.listeners.size, state.ended]).toEqual([0, 1]);
  await clock.advance(30_000);
  expect([held.length, state.gone, clock.timers]).toEqual([0, 0, 0]);
});

test("puller: one that is stopped listens no longer than something can come", async () => {
  const answered = await setUp(2);
  answered.puller.stop();
  answered.give(2);
  await answered.puller.over;
  expect([answered.fake.listeners.size, answered.clock.timers]).toEqual([0, 0]);
  const full = await setUp(2);
  full.give(2);
  full.puller.stop();
  await full.puller.over;
  expect([full.fake.listeners.size, full.clock.timers]).toEqual([0, 0]);
  const cut = await setUp(2);
  await cut.fake.tell("disconnect");
  cut.puller.stop();
  await cut.puller.over;
  expect([cut.fake.listeners.size, cut.clock.timers]).toEqual([0, 0]);
});

test("held message: is settled once, with what the server understands", async () => {
  const { give, held, settled } = await setUp();
  give(3);
  held[0]!.working();
  held[0]!.ack();
  held[0]!.nak();
  held[0]!.working();
  held[1]!.nak(1500);
  held[2]!.nak();
  expect(settled()).toEqual(["+WPI", "+ACK", `-NAK {"delay": 1500000000}`, "-NAK"]);
});
