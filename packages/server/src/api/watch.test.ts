import { once } from "node:events";
import { request } from "node:http";
import type { AddressInfo } from "node:net";
import { createInterface } from "node:readline";
import { expect, test } from "vitest";
import type { JsonObject } from "../store/port.ts";
import { type ApiRig, apiRig, trigger, triggers } from "./admin-api.testing.ts";

interface Line {
  readonly type: string;
  readonly object: JsonObject & { readonly metadata: { readonly name: string; readonly resourceVersion: string } };
}

/** A watch over a real connection: `next` resolves to the next line, or undefined at the end. */
async function watch(
  api: ApiRig,
  query: string,
): Promise<{ code: number; next(): Promise<Line | undefined>; stop(): void }> {
  if (!api.app.server.listening) await api.app.listen({ host: "127.0.0.1", port: 0 });
  const { port } = api.app.server.address() as AddressInfo;
  const sent = request({ host: "127.0.0.1", port, path: `${triggers}?watch=true&${query}` }).end();
  const [response] = (await once(sent, "response")) as [import("node:http").IncomingMessage];
  const lines = createInterface({ input: response })[Symbol.asyncIterator]();
  return {
    code: response.statusCode ?? 0,
    next: async () => {
      const { value, done } = await lines.next();
      return done ? undefined : JSON.parse(value);
    },
    stop: () => void sent.destroy(),
  };
}

const seen = (line: Line | undefined) => line && `${line.type} ${line.object.metadata.name}`;

test("watch: sends what exists, then what changes, and the deleted object with the deletion's revision", async () => {
  await using api = await apiRig();
  await api.send("POST", triggers, trigger("a"));
  const stream = await watch(api, "");
  expect(seen(await stream.next())).toBe("ADDED a");
  await api.send("POST", triggers, trigger("b"));
  await api.send("DELETE", `${triggers}/b`);
  const added = await stream.next();
  const deleted = await stream.next();
  expect([seen(added), seen(deleted)]).toEqual(["ADDED b", "DELETED b"]);
  expect(Number(deleted?.object.metadata.resourceVersion)).toBeGreaterThan(
    Number(added?.object.metadata.resourceVersion),
  );
});

test("watch: resumes after a resourceVersion, and answers 410 to one that is unknown", async () => {
  await using api = await apiRig();
  const { body: first } = await api.send("POST", triggers, trigger("a"));
  await api.send("POST", triggers, trigger("b"));
  const stream = await watch(api, `resourceVersion=${first.metadata.resourceVersion}`);
  expect(seen(await stream.next())).toBe("ADDED b");
  const old = await api.send("GET", `${triggers}?watch=1&resourceVersion=1`);
  expect([old.code, old.body.reason]).toEqual([410, "Expired"]);
  expect((await api.send("GET", `${triggers}?watch=1&resourceVersion=${api.store.revision + 999}`)).code).toBe(410);
});

test("watch: what leaves the selection is deleted, what enters it is added", async () => {
  await using api = await apiRig();
  const stream = await watch(api, "labelSelector=on%3Dyes");
  const label = (on: string) =>
    api.send(
      "PATCH",
      `${triggers}/a`,
      { metadata: { labels: { on } } },
      { "content-type": "application/merge-patch+json" },
    );
  await api.send("POST", triggers, trigger("a"));
  await label("yes");
  await label("no");
  expect([seen(await stream.next()), seen(await stream.next())]).toEqual(["ADDED a", "DELETED a"]);
});

test("watch: bookmarks come every minute, and once before the end of the time that was asked for", async () => {
  await using api = await apiRig();
  const stream = await watch(api, "allowWatchBookmarks=true&timeoutSeconds=90");
  await api.clock.advance(60_000);
  expect(await stream.next()).toEqual({
    type: "BOOKMARK",
    object: {
      kind: "Trigger",
      apiVersion: "eventing.knative.dev/v1",
      metadata: { resourceVersion: String(api.store.revision) },
    },
  });
  await api.clock.advance(30_000);
  expect([(await stream.next())?.type, await stream.next()]).toEqual(["BOOKMARK", undefined]);
  expect(api.clock.timers).toBe(0);
});

test("watch: sendInitialEvents says where they end", async () => {
  await using api = await apiRig();
  await api.send("POST", triggers, trigger("a"));
  const stream = await watch(api, "sendInitialEvents=true&allowWatchBookmarks=true");
  expect(seen(await stream.next())).toBe("ADDED a");
  const end = await stream.next();
  expect([end?.type, end?.object.metadata]).toEqual([
    "BOOKMARK",
    { resourceVersion: String(api.store.revision), annotations: { "k8s.io/initial-events-end": "true" } },
  ]);
});

test("watch: ends when the listener closes, and leaves nothing behind when the client goes", async () => {
  const api = await apiRig();
  const gone = await watch(api, "");
  const stream = await watch(api, "");
  expect(api.clock.timers).toBe(2);
  gone.stop();
  while (api.clock.timers > 1) await new Promise((resolve) => setImmediate(resolve));
  await api[Symbol.asyncDispose]();
  expect([await stream.next(), api.clock.timers]).toEqual([undefined, 0]);
});
