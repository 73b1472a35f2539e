import { once } from "node:events";
import { createServer } from "node:net";
import { ManualClock } from "@rouse/base";
import { expect, onTestFinished, test } from "vitest";
import { samplePolicy } from "../subscription.testing.ts";
import { dispatcherWith } from "./dispatcher.testing.ts";
import { startSubscriber } from "./subscriber.testing.ts";

test("bad subscriber: a redirect is refused and not followed", async () => {
  await using subscriber = await startSubscriber((response) => response.writeHead(302, { location: "/other" }).end());
  const { deliver } = dispatcherWith();
  expect(await deliver(subscriber.url)).toMatchObject({ kind: "dead", failure: { reason: "refused", status: 302 } });
  expect(subscriber.seen).toHaveLength(1);
});

test("bad subscriber: 200 with garbage is done, with a warning", async () => {
  await using subscriber = await startSubscriber((response) => response.writeHead(200).end("\u0000garbage"));
  const { deliver } = dispatcherWith();
  expect(await deliver(subscriber.url)).toMatchObject({
    kind: "done",
    note: { status: 200, warning: expect.stringContaining("no event") },
  });
});

test("bad subscriber: one that never answers is given up after the timeout", async () => {
  const clock = new ManualClock();
  await using subscriber = await startSubscriber(() => {});
  const { deliver } = dispatcherWith({ clock });
  const verdict = deliver(subscriber.url, { policy: { ...samplePolicy, timeoutMs: 5000 } });
  await subscriber.next();
  await clock.advance(5000);
  expect(await verdict).toMatchObject({
    kind: "again",
    notBefore: clock.now() + 200,
    failure: { reason: "timeout", status: 500, message: expect.stringContaining("5000 ms") },
  });
});

test("bad subscriber: a reply that stalls is given up after the timeout", async () => {
  const clock = new ManualClock();
  await using subscriber = await startSubscriber((response) =>
    response.writeHead(200, { "content-type": "application/cloudevents+json" }).write("{"),
  );
  const { deliver } = dispatcherWith({ clock });
  const verdict = deliver(subscriber.url, { policy: { ...samplePolicy, timeoutMs: 5000 } });
  await subscriber.next();
  await clock.advance(5000);
  expect(await verdict).toMatchObject({ kind: "again", failure: { reason: "timeout" } });
});

for (const contentType of ["application/cloudevents+json", "text/plain"]) {
  test(`bad subscriber: 50 MB of ${contentType} are cut off with the connection`, async () => {
    const size = 50 * 1024 * 1024;
    let written = 0;
    let closed: Promise<unknown> | undefined;
    await using subscriber = await startSubscriber((response) => {
      closed = once(response, "close");
      response.writeHead(200, { "content-type": contentType, "content-length": size });
      const chunk = Buffer.alloc(64 * 1024, "x");
      const pump = () => {
        while (written < size && !response.destroyed) {
          written += chunk.length;
          if (!response.write(chunk)) return void response.once("drain", pump);
        }
      };
      pump();
    });
    const { deliver } = dispatcherWith();
    const verdict = await deliver(subscriber.url);
    await closed;
    expect(verdict.kind).toBe(contentType === "text/plain" ? "done" : "again");
    expect(written).toBeLessThan(size);
  });
}

test("early hints: a connection that breaks after them is no answer", async () => {
  await using subscriber = await startSubscriber((response) =>
    response.writeEarlyHints({ link: "</a>; rel=preload" }, () => response.socket?.destroySoon()),
  );
  const { deliver } = dispatcherWith();
  expect(await deliver(subscriber.url)).toMatchObject({ kind: "again", failure: { reason: "transport" } });
});

test("bad subscriber: a connection reset in mid-response fails the attempt when a reply was under way", async () => {
  await using subscriber = await startSubscriber((response) => {
    response.writeHead(200, { "content-type": "application/cloudevents+json", "content-length": 100 });
    response.write("{", () => response.socket?.resetAndDestroy());
  });
  const { deliver } = dispatcherWith();
  expect(await deliver(subscriber.url)).toMatchObject({ kind: "again", failure: { reason: "transport" } });
});

test("bad subscriber: a connection closed before any response fails the attempt", async () => {
  await using subscriber = await startSubscriber((response) => response.socket?.destroy());
  const { deliver } = dispatcherWith();
  expect(await deliver(subscriber.url)).toMatchObject({ kind: "again", failure: { reason: "transport", status: 500 } });
});

test("bad subscriber: what is no HTTP fails the attempt", async () => {
  const server = createServer((socket) => socket.end("SSH-2.0-nothing\r\n")).listen(0, "127.0.0.1");
  await once(server, "listening");
  onTestFinished(() => void server.close());
  const { deliver } = dispatcherWith();
  const { port } = server.address() as { port: number };
  expect(await deliver(`http://127.0.0.1:${port}/`)).toMatchObject({ kind: "again", failure: { reason: "transport" } });
});

test("early hints and other 1xx: are passed over", async () => {
  await using subscriber = await startSubscriber((response) => {
    response.writeProcessing();
    response.writeEarlyHints({ link: "</a>; rel=preload" });
    response.writeHead(202).end();
  });
  const { deliver } = dispatcherWith();
  expect(await deliver(subscriber.url)).toMatchObject({ kind: "done", note: { status: 202 } });
});
