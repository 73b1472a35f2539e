import { ManualClock } from "@rouse/base";
import { expect, test } from "vitest";
import { FakeConnection } from "./fake-connection.testing.ts";
import { InboxPublisher } from "./inbox-publisher.ts";
import { Link } from "./link.ts";

function setUp() {
  const clock = new ManualClock();
  const fake = new FakeConnection();
  const link = new Link(fake.connection, (send) => send());
  const publisher = new InboxPublisher(link, clock);
  let count = 0;
  const publish = (data = new Uint8Array(4)) =>
    publisher.publish({ subject: "s.a", headers: { "ce-id": "1" }, data, messageId: `m${count++}` });
  const code = (work: Promise<unknown>) => work.then(String, (failure) => failure.code);
  return { clock, fake, link, publisher, publish, code };
}

test("publisher: each answer goes to its own write, in any order", async () => {
  const { fake, publish, clock, publisher } = setUp();
  const [one, two] = [publish(), publish()];
  fake.deliver(fake.published[1]!.reply, `{"stream":"S","seq":2,"duplicate":true}`);
  fake.deliver(fake.published[0]!.reply, `{"stream":"S","seq":1}`);
  expect(await Promise.all([one, two])).toEqual([
    { sequence: 1, duplicate: false },
    { sequence: 2, duplicate: true },
  ]);
  publisher.close();
  expect([clock.timers, fake.listeners.size]).toEqual([0, 0]);
});

test("publisher: a write without an answer fails after five seconds, a late answer is ignored", async () => {
  const { clock, fake, publish, code } = setUp();
  const lost = code(publish());
  await clock.advance(4000);
  const later = publish();
  await clock.advance(1500);
  expect(await lost).toBe("LOG_UNAVAILABLE");
  fake.deliver(fake.published[0]!.reply, `{"stream":"S","seq":1}`);
  fake.deliver(fake.published[1]!.reply, `{"stream":"S","seq":2}`);
  expect((await later).sequence).toBe(2);
  await clock.advance(1000);
  expect(clock.timers).toBe(0);
});

test("publisher: no responders is LOG_UNAVAILABLE at once", async () => {
  const { fake, publish, code } = setUp();
  const write = code(publish());
  fake.answer(fake.published[0]!.reply, 503, "No Responders");
  expect(await write).toBe("LOG_UNAVAILABLE");
});

test.each([
  [{ code: 503, err_code: 10077, description: "maximum bytes exceeded" }, "LOG_FULL"],
  [{ code: 500, err_code: 10047, description: "insufficient storage resources available" }, "LOG_FULL"],
  [{ code: 400, err_code: 10054, description: "message size exceeds maximum allowed" }, "LOG_MESSAGE_TOO_LARGE"],
  [{ code: 503, err_code: 10008, description: "JetStream system temporarily unavailable" }, "LOG_UNAVAILABLE"],
  [{ code: 400, err_code: 10060, description: "expected stream does not match" }, "LOG_REFUSED"],
])("publisher: the error %j is %s", async (error, expected) => {
  const { fake, publish, code } = setUp();
  const write = code(publish());
  fake.deliver(fake.published[0]!.reply, JSON.stringify({ error, stream: "S", seq: 0 }));
  expect(await write).toBe(expected);
});

test("publisher: the loss of the connection fails what waits, and new writes at once until it is renewed", async () => {
  const { fake, publish, code } = setUp();
  const waiting = [code(publish()), code(publish())];
  await fake.tell("disconnect");
  expect(await Promise.all(waiting)).toEqual(["LOG_UNAVAILABLE", "LOG_UNAVAILABLE"]);
  expect(await code(publish())).toBe("LOG_UNAVAILABLE");
  expect(fake.published.length).toBe(2);
  await fake.tell("reconnect");
  const write = publish();
  fake.deliver(fake.published[2]!.reply, `{"stream":"S","seq":7}`);
  expect((await write).sequence).toBe(7);
});

test("publisher: headers and data together count against the limit", async () => {
  const { fake, publish, code } = setUp();
  expect(await code(publish(new Uint8Array(1010)))).toBe("LOG_MESSAGE_TOO_LARGE");
  expect(fake.published).toEqual([]);
});
