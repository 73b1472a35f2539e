import { expect, test } from "vitest";
import type { Change, JsonObject, ObjectId, Store } from "./port.ts";

/** The id of a sample object. */
export function sampleId(name: string, namespace = "default", plural = "triggers"): ObjectId {
  return { group: "eventing.knative.dev", plural, namespace, name };
}

/** A sample document. */
export function sampleObject(id: ObjectId, spec: JsonObject = {}, uid = `uid-${id.name}`): JsonObject {
  return {
    apiVersion: "eventing.knative.dev/v1",
    kind: "Trigger",
    metadata: { name: id.name, namespace: id.namespace, uid, resourceVersion: "7" },
    spec,
    status: { dropped: true },
  };
}

/** What every store promises. `make` opens an empty one. */
export function storeConformance(name: string, make: () => Promise<Store>): void {
  test(`${name}: what was created is read back, without status and resourceVersion`, async () => {
    await using store = await make();
    const id = sampleId("a.with.dots");
    const outcome = await store.create(id, sampleObject(id, { broker: "default" }));
    expect(outcome.kind).toBe("written");
    const entry = store.get(id);
    expect(entry?.object).toEqual({
      apiVersion: "eventing.knative.dev/v1",
      kind: "Trigger",
      metadata: { name: "a.with.dots", namespace: "default", uid: "uid-a.with.dots" },
      spec: { broker: "default" },
    });
    expect([entry?.uid, entry?.status, entry?.revision]).toEqual(["uid-a.with.dots", undefined, store.revision]);
  });

  test(`${name}: creating what exists says so`, async () => {
    await using store = await make();
    const id = sampleId("a");
    await store.create(id, sampleObject(id));
    const again = await store.create(id, sampleObject(id, {}, "other"));
    expect(again).toMatchObject({ kind: "exists", current: { uid: "uid-a" } });
  });

  test(`${name}: an update with a stale revision is a conflict, with a present one it is written`, async () => {
    await using store = await make();
    const id = sampleId("a");
    await store.create(id, sampleObject(id, { n: 1 }));
    const stale = store.get(id)!.revision;
    expect((await store.update(id, sampleObject(id, { n: 2 }), stale)).kind).toBe("written");
    const lost = await store.update(id, sampleObject(id, { n: 3 }), stale);
    expect(lost).toMatchObject({ kind: "conflict", current: { object: { spec: { n: 2 } } } });
    expect((await store.update(sampleId("b"), sampleObject(id), stale)).kind).toBe("missing");
  });

  test(`${name}: a status write raises the revision and is no conflict for the document`, async () => {
    await using store = await make();
    const id = sampleId("a");
    await store.create(id, sampleObject(id));
    const seen = store.get(id)!.revision;
    const outcome = await store.updateStatus(id, "uid-a", () => ({ ready: true }));
    const entry = store.get(id)!;
    expect([outcome.kind, entry.status, entry.objectRevision === seen]).toEqual(["written", { ready: true }, true]);
    expect(entry.revision).toBeGreaterThan(seen);
    expect((await store.update(id, sampleObject(id, { n: 1 }), seen)).kind).toBe("written");
    expect(store.get(id)?.status).toEqual({ ready: true });
  });

  test(`${name}: a status that does not change is not written`, async () => {
    await using store = await make();
    const id = sampleId("a");
    await store.create(id, sampleObject(id));
    await store.updateStatus(id, "uid-a", () => ({ a: { b: [1] } }));
    const { revision } = store;
    const same = { a: { b: [1], none: undefined }, gone: undefined };
    expect(await store.updateStatus(id, "uid-a", () => same)).toEqual({ kind: "unchanged" });
    expect(store.revision).toBe(revision);
  });

  test(`${name}: a status can be stored before its object, and belongs to that uid alone`, async () => {
    await using store = await make();
    const id = sampleId("a");
    await store.updateStatus(id, "first", () => ({ fromSequence: 41 }));
    await store.create(id, sampleObject(id, {}, "first"));
    expect(store.get(id)?.status).toEqual({ fromSequence: 41 });
    await store.remove(id);
    await store.create(id, sampleObject(id, {}, "second"));
    expect(store.get(id)?.status).toBeUndefined();
  });

  test(`${name}: a status for a removed object is missing, not stored`, async () => {
    await using store = await make();
    const id = sampleId("a");
    await store.create(id, sampleObject(id));
    await store.remove(id);
    expect(await store.updateStatus(id, "uid-a", () => ({ late: true }))).toEqual({ kind: "missing" });
  });

  test(`${name}: removal asks for uid and revision when told`, async () => {
    await using store = await make();
    const id = sampleId("a");
    await store.create(id, sampleObject(id));
    const first = store.get(id)!.revision;
    await store.update(id, sampleObject(id, { n: 2 }), first);
    expect((await store.remove(id, { uid: "other" })).kind).toBe("conflict");
    expect((await store.remove(id, { revision: first })).kind).toBe("conflict");
    const removed = await store.remove(id, { uid: "uid-a", revision: store.get(id)!.revision });
    expect(removed).toMatchObject({ kind: "removed", entry: { uid: "uid-a", object: { spec: { n: 2 } } } });
    expect([store.get(id), (await store.remove(id)).kind]).toEqual([undefined, "missing"]);
  });

  test(`${name}: a list is limited by kind and namespace, ordered by name`, async () => {
    await using store = await make();
    const ids = [sampleId("b"), sampleId("a"), sampleId("c", "other"), sampleId("a", "default", "brokers")];
    for (const id of ids) await store.create(id, sampleObject(id, {}, `${id.plural}${id.name}`));
    const names = (entries: { id: ObjectId }[]) => entries.map((e) => `${e.id.plural}/${e.id.namespace}/${e.id.name}`);
    expect(names(store.list({ plural: "triggers", namespace: "default" }))).toEqual([
      "triggers/default/a",
      "triggers/default/b",
    ]);
    expect(store.list({ plural: "triggers" })).toHaveLength(3);
    expect(store.list()).toHaveLength(4);
  });

  test(`${name}: a watch sees added, modified (status too) and deleted, in the order of revisions`, async () => {
    await using store = await make();
    const id = sampleId("a");
    const changes: Change[] = [];
    const watch = store.watch({ plural: "triggers" }, (change) => void changes.push(change));
    const other = sampleId("x", "default", "brokers");
    await store.create(other, sampleObject(other));
    await store.create(id, sampleObject(id));
    await store.update(id, sampleObject(id, { n: 2 }), store.revision);
    await store.updateStatus(id, "uid-a", () => ({ ready: true }));
    await store.remove(id);
    expect(changes.map((change) => change.kind)).toEqual(["ADDED", "MODIFIED", "MODIFIED", "DELETED"]);
    const revisions = changes.map((change) => change.entry.revision);
    expect(revisions).toEqual([...new Set(revisions)].sort((a, b) => a - b));
    expect(changes[3]?.entry).toMatchObject({ object: { spec: { n: 2 } }, status: { ready: true } });
    if (watch.kind === "watching") watch.close();
    await store.create(id, sampleObject(id, {}, "again"));
    expect(changes).toHaveLength(4);
  });

  test(`${name}: a watch resumes after a revision, and is expired before the start and in the future`, async () => {
    await using store = await make();
    const id = sampleId("a");
    await store.create(id, sampleObject(id, { n: 1 }));
    const after = store.revision;
    await store.update(id, sampleObject(id, { n: 2 }), after);
    const seen: unknown[] = [];
    store.watch({ after }, (change) => void seen.push(change.entry.object.spec));
    expect(seen).toEqual([{ n: 2 }]);
    expect(store.watch({ after: -1 }, () => {}).kind).toBe("expired");
    expect(store.watch({ after: store.revision + 1000 }, () => {}).kind).toBe("expired");
  });

  test(`${name}: thirty increments at once are thirty`, async () => {
    await using store = await make();
    const id = sampleId("a");
    await store.create(id, sampleObject(id, { n: 0 }));
    await Promise.all(Array.from({ length: 30 }, () => increment(store, id)));
    expect(store.get(id)?.object.spec).toEqual({ n: 30 });
  });

  test(`${name}: refuses writes when closed`, async () => {
    const store = await make();
    await store[Symbol.asyncDispose]();
    await expect(store.create(sampleId("a"), sampleObject(sampleId("a")))).rejects.toMatchObject({
      code: "STORE_CLOSED",
    });
  });

  test(`${name}: what was handed in can be changed without changing what is stored`, async () => {
    await using store = await make();
    const id = sampleId("a");
    const spec = { n: 1 };
    await store.create(id, sampleObject(id, spec));
    spec.n = 2;
    expect(store.get(id)?.object.spec).toEqual({ n: 1 });
  });
}

/** Adds one to `spec.n`, again until no other writer came between. */
export async function increment(store: Store, id: ObjectId): Promise<void> {
  for (;;) {
    const entry = store.get(id)!;
    const { n } = entry.object.spec as { n: number };
    const outcome = await store.update(id, { ...entry.object, spec: { n: n + 1 } }, entry.revision);
    if (outcome.kind === "written") return;
  }
}
