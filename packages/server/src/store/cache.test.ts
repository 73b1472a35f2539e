import fc from "fast-check";
import { expect, test } from "vitest";
import { ObjectCache } from "./cache.ts";
import { objectKey, parseKey, statusKey } from "./keys.ts";
import type { Change } from "./port.ts";
import { sampleId, sampleObject } from "./store.conformance.ts";

const id = sampleId("a");

test("cache: an object that comes back with another uid is seen as deleted and added", () => {
  const cache = new ObjectCache();
  const kinds: string[] = [];
  cache.watch({}, (change) => void kinds.push(`${change.kind} ${change.entry.uid}`));
  cache.putObject(id, sampleObject(id, {}, "one"), 1);
  cache.putObject(id, sampleObject(id, {}, "two"), 5);
  expect(kinds).toEqual(["ADDED one", "DELETED one", "ADDED two"]);
});

test("cache: a write it knows already changes nothing", () => {
  const cache = new ObjectCache();
  const changes: Change[] = [];
  cache.watch({}, (change) => void changes.push(change));
  cache.putObject(id, sampleObject(id, { n: 2 }), 2);
  cache.putObject(id, sampleObject(id, { n: 1 }), 1);
  cache.dropObject(id, 1);
  expect([cache.get(id)?.object.spec, changes.length]).toEqual([{ n: 2 }, 1]);
});

test("cache: after a rewind older revisions count again, and old watches expire", () => {
  const cache = new ObjectCache();
  cache.putObject(id, sampleObject(id, { n: 2 }), 900);
  cache.startHistory();
  cache.rewind(0);
  cache.putObject(id, sampleObject(id, { n: 1 }), 3);
  cache.startHistory();
  expect([cache.get(id)?.object.spec, cache.revision]).toEqual([{ n: 1 }, 3]);
  expect(cache.watch({ after: 900 }, () => {}).kind).toBe("expired");
});

test("cache: a busy kind does not expire the watches of a quiet one", () => {
  const cache = new ObjectCache();
  cache.startHistory(0);
  const quiet = sampleId("q", "default", "pingsources");
  cache.putObject(quiet, sampleObject(quiet), 1);
  for (let n = 2; n < 1_500; n++) cache.putObject(id, sampleObject(id, { n }), n);
  expect(cache.watch({ group: quiet.group, plural: "pingsources", after: 0 }, () => {}).kind).toBe("watching");
  expect(cache.watch({ group: id.group, plural: "triggers", after: 0 }, () => {}).kind).toBe("expired");
});

test("cache: who waits for a revision is told when it is reached, or when the signal aborts", async () => {
  const cache = new ObjectCache();
  const controller = new AbortController();
  const reached = cache.reached(2);
  const aborted = cache.reached(9, controller.signal);
  cache.advance(3);
  controller.abort(new Error("enough"));
  await reached;
  await expect(aborted).rejects.toThrow("enough");
});

test("keys: every identity survives its key", () => {
  const label = fc.stringMatching(/^[a-z][a-z0-9-]{0,10}[a-z0-9]$/);
  const group = fc.oneof(
    fc.constant(""),
    fc.array(label, { minLength: 1, maxLength: 3 }).map((l) => l.join(".")),
  );
  const name = fc.array(label, { minLength: 1, maxLength: 3 }).map((l) => l.join("."));
  fc.assert(
    fc.property(group, label, fc.oneof(label, fc.constant("")), name, (g, plural, namespace, n) => {
      const one = { group: g, plural, namespace, name: n };
      expect(parseKey(objectKey(one))).toEqual({ kind: "object", id: one });
      expect(parseKey(statusKey(one, namespace, "u-1"))).toEqual({ kind: "status", uid: "u-1" });
    }),
    { numRuns: 50 },
  );
});
