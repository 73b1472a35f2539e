import { expect, test } from "vitest";
import type { Target } from "../target.ts";
import { dispatcherWith } from "./dispatcher.testing.ts";
import { startSubscriber } from "./subscriber.testing.ts";

test("reply: a binary event in a 200 is stored before the delivery is done", async () => {
  await using subscriber = await startSubscriber((response) =>
    response
      .writeHead(200, {
        "ce-specversion": "1.0",
        "ce-id": "r",
        "ce-source": "/f",
        "ce-type": "made",
        "content-type": "text/plain",
      })
      .end("data"),
  );
  const { deliver, replies } = dispatcherWith();
  const verdict = await deliver(subscriber.url, {}, { hops: 9 });
  expect(verdict).toMatchObject({ kind: "done", note: { reply: { type: "made", handle: "default/default/8" } } });
  expect(replies[0]?.event.attributes).toMatchObject({ id: "r", datacontenttype: "text/plain" });
  expect(String(replies[0]?.event.data)).toBe("data");
  expect(replies[0]?.cause).toEqual({
    namespace: "default",
    broker: "default",
    sequence: 7,
    triggerUid: "uid-1",
    hops: 9,
  });
});

test("reply: a structured event in a 200 is stored", async () => {
  const event = { specversion: "1.0", id: "r", source: "/f", type: "made", data: { n: 1 } };
  await using subscriber = await startSubscriber((response) =>
    response.writeHead(200, { "content-type": "application/cloudevents+json" }).end(JSON.stringify(event)),
  );
  const { deliver, replies } = dispatcherWith();
  expect((await deliver(subscriber.url)).kind).toBe("done");
  expect(replies[0]?.event.attributes.type).toBe("made");
});

test("reply: one that cannot be stored now makes the delivery come again", async () => {
  await using subscriber = await startSubscriber((response) =>
    response.writeHead(200, { "ce-specversion": "1.0", "ce-id": "r", "ce-source": "/f", "ce-type": "made" }).end(),
  );
  const { deliver } = dispatcherWith({ result: { kind: "unavailable", reason: "no storage" } });
  expect(await deliver(subscriber.url)).toMatchObject({ kind: "again", failure: { reason: "reply-not-stored" } });
});

test("reply: is not read when replies are discarded or a dead letter is delivered", async () => {
  await using subscriber = await startSubscriber((response) =>
    response.writeHead(200, { "content-type": "application/cloudevents+json" }).end("{not an event"),
  );
  const { deliver, replies } = dispatcherWith();
  expect((await deliver(subscriber.url, { discardReplies: true })).kind).toBe("done");
  const deadLetterSink: Target = { kind: "url", url: subscriber.url };
  expect((await deliver("http://127.0.0.1:1/", { deadLetterSink }, { stage: "dead-letter" })).kind).toBe("done");
  expect(replies).toEqual([]);
});

test("reply: one that claims to be an event and is none fails the attempt", async () => {
  const answers = ["{", '{"specversion":"1.0"}', "[]"];
  await using subscriber = await startSubscriber((response) =>
    response.writeHead(200, { "content-type": "application/cloudevents+json" }).end(answers.shift()),
  );
  const { deliver } = dispatcherWith();
  for (let left = answers.length; left > 0; left -= 1) {
    expect(await deliver(subscriber.url)).toMatchObject({ kind: "again", failure: { reason: "reply-invalid" } });
  }
});

test("reply: a batch is no reply", async () => {
  await using subscriber = await startSubscriber((response) =>
    response.writeHead(200, { "content-type": "application/cloudevents-batch+json" }).end("[]"),
  );
  const { deliver } = dispatcherWith();
  expect(await deliver(subscriber.url)).toMatchObject({ kind: "again", failure: { reason: "reply-invalid" } });
});

test("reply: a binary one that is larger than allowed is never stored in part", async () => {
  await using subscriber = await startSubscriber((response) =>
    response
      .writeHead(200, { "ce-specversion": "1.0", "ce-id": "r", "ce-source": "/f", "ce-type": "made" })
      .end("x".repeat(101)),
  );
  const { deliver, replies } = dispatcherWith({ replyMax: 100 });
  expect(await deliver(subscriber.url)).toMatchObject({
    kind: "again",
    failure: { reason: "reply-invalid", message: expect.stringContaining("larger than 100 bytes") },
  });
  expect(replies).toEqual([]);
});
