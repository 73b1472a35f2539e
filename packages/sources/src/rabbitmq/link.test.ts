import { ManualClock } from "@rouse/base";
import type { ChannelModel } from "amqplib";
import { expect, test } from "vitest";
import { Link, type Serve, type Session } from "./link.ts";
import type { Opened } from "./open-connection.ts";

/** Connections that stand until they are told otherwise. */
function fakeServer() {
  const clock = new ManualClock();
  const connections: { lose(reason: string): void; closed: boolean }[] = [];
  const attempts: number[] = [];
  const state = { refuse: undefined as string | undefined };
  const open = async (): Promise<Opened> => {
    attempts.push(clock.monotonic());
    if (state.refuse !== undefined) throw new Error(state.refuse);
    let lose: (reason: string) => void = () => undefined;
    const lost = new Promise<string>((resolve) => {
      lose = resolve;
    });
    const connection = { lose, closed: false };
    connections.push(connection);
    const close = async (): Promise<void> => {
      connection.closed = true;
    };
    return { model: {} as ChannelModel, lost, close };
  };
  return { clock, connections, attempts, state, open };
}

function session(changes: Partial<Session> = {}): Session & { abandoned: boolean } {
  return {
    abandoned: false,
    ended: new Promise(() => undefined),
    drain: async () => undefined,
    abandon() {
      this.abandoned = true;
    },
    ...changes,
  };
}

function linkOn(server: ReturnType<typeof fakeServer>, serve: Serve, connection = { uri: "amqp://mq" }): Link {
  const { clock, open } = server;
  return new Link({
    connection,
    name: "test",
    clock,
    random: () => 0.5,
    serve,
    changed: () => undefined,
    drainMs: 1_000,
    open,
  });
}

test("rabbitmq link: attempts that fail come again after 0.2 s, twice as long each time, at most every 30 s", async () => {
  const server = fakeServer();
  server.state.refuse = "no way";
  await using link = linkOn(server, async () => session());
  link.start();
  await server.clock.advance(120_000);
  const waits = server.attempts.slice(1).map((at, index) => at - server.attempts[index]!);
  expect(waits.slice(0, 9)).toEqual([200, 400, 800, 1600, 3200, 6400, 12_800, 25_600, 30_000]);
  expect(link.state).toBe("disconnected");
  expect(link.trouble?.message).toBe("no way");
});

test("rabbitmq link: a trouble that is the same at every attempt began with the first", async () => {
  const server = fakeServer();
  server.state.refuse = "no way";
  await using link = linkOn(server, async () => session());
  link.start();
  await server.clock.advance(300);
  const first = link.trouble;
  await server.clock.advance(60_000);
  expect(link.trouble).toEqual(first);
  server.state.refuse = "no other way";
  await server.clock.advance(60_000);
  expect(link.trouble?.at).toBeGreaterThan(first!.at);
});

test("rabbitmq link: a session that stood for a while begins with the short wait again, and its trouble is over", async () => {
  const server = fakeServer();
  server.state.refuse = "no way";
  await using link = linkOn(server, async () => session());
  link.start();
  await server.clock.advance(1_000);
  server.state.refuse = undefined;
  await server.clock.advance(10_000);
  expect(link.state).toBe("connected");
  expect(link.trouble).toBeUndefined();
  server.connections[0]!.lose("it fell over");
  await server.clock.advance(0);
  expect(link.trouble?.message).toBe("it fell over");
  await server.clock.advance(200);
  expect(link.state).toBe("connected");
});

test("rabbitmq link: a session that ends takes its connection with it, and is abandoned", async () => {
  const server = fakeServer();
  let end: (reason: string) => void = () => undefined;
  const served: ReturnType<typeof session>[] = [];
  await using link = linkOn(server, async () => {
    const next = session({ ended: new Promise((resolve) => (end = resolve)) });
    served.push(next);
    return next;
  });
  link.start();
  await server.clock.advance(10);
  end("the queue was deleted");
  await server.clock.advance(10);
  expect(link.trouble?.message).toBe("the queue was deleted");
  expect(served[0]!.abandoned).toBe(true);
  expect(server.connections[0]!.closed).toBe(true);
  await server.clock.advance(300);
  expect([link.state, served.length]).toEqual(["connected", 2]);
});

test("rabbitmq link: of a lost connection and the end of its channel the connection's reason is told", async () => {
  const server = fakeServer();
  let end: (reason: string) => void = () => undefined;
  await using link = linkOn(server, async () => session({ ended: new Promise((resolve) => (end = resolve)) }));
  link.start();
  await server.clock.advance(10);
  end("the channel was closed");
  server.connections[0]!.lose("an operator closed it");
  await server.clock.advance(10);
  expect(link.trouble?.message).toBe("an operator closed it");
});

test("rabbitmq link: a session that cannot be set up is a failed attempt", async () => {
  const server = fakeServer();
  await using link = linkOn(server, async () => {
    throw new Error("no queue");
  });
  link.start();
  await server.clock.advance(300);
  expect(link.trouble?.message).toBe("no queue");
  expect(server.connections.map(({ closed }) => closed)).toEqual([true, true]);
});

test("rabbitmq link: closing drains, within its time, and leaves no timer", async () => {
  const server = fakeServer();
  const only = session({ drain: () => new Promise(() => undefined) });
  const link = linkOn(server, async () => only);
  link.start();
  await server.clock.advance(10);
  const closed = link[Symbol.asyncDispose]();
  await server.clock.advance(999);
  expect(only.abandoned).toBe(false);
  await server.clock.advance(1);
  await closed;
  expect(only.abandoned).toBe(true);
  expect([link.state, server.clock.timers, server.connections[0]!.closed]).toEqual(["closed", 0, true]);
});

test("rabbitmq link: closing ends a wait, and a session that is being set up", async () => {
  const waiting = fakeServer();
  waiting.state.refuse = "no way";
  const first = linkOn(waiting, async () => session());
  first.start();
  await waiting.clock.advance(10);
  await first[Symbol.asyncDispose]();
  const hanging = fakeServer();
  const second = linkOn(hanging, () => new Promise(() => undefined));
  second.start();
  await hanging.clock.advance(10);
  await second[Symbol.asyncDispose]();
  expect([waiting.clock.timers, hanging.clock.timers, hanging.connections[0]!.closed]).toEqual([0, 0, true]);
  const idle = linkOn(fakeServer(), async () => session());
  await idle[Symbol.asyncDispose]();
  idle.start();
  expect(idle.state).toBe("closed");
});

test("rabbitmq link: a connection that cannot be read is told and not attempted", async () => {
  const server = fakeServer();
  await using link = linkOn(server, async () => session(), { uri: "http://mq" });
  link.start();
  await server.clock.advance(60_000);
  expect([link.state, server.attempts]).toEqual(["disconnected", []]);
  expect(link.trouble?.message).toMatch(/amqp:\/\//);
});

test("rabbitmq link: a session that is set up after the connection was lost, or the link was closed, is abandoned", async () => {
  const server = fakeServer();
  const serving: ((session: Session) => void)[] = [];
  const link = linkOn(server, () => new Promise((resolve) => serving.push(resolve)));
  link.start();
  await server.clock.advance(0);
  const [lost, closed] = [session(), session()];
  server.connections[0]!.lose("gone");
  await server.clock.advance(0);
  serving[0]!(lost);
  await server.clock.advance(1_000);
  await link[Symbol.asyncDispose]();
  serving[1]!(closed);
  await server.clock.advance(0);
  expect([lost.abandoned, closed.abandoned]).toEqual([true, true]);
});
