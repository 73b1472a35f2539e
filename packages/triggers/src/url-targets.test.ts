import { expect, test } from "vitest";
import { createUrlTargets } from "./url-targets.ts";

const never = new AbortController().signal;
const target = { kind: "url", url: "http://example.test/" } as const;
const key = "url:http://example.test/";

async function lease(targets: ReturnType<typeof createUrlTargets>) {
  const acquired = await targets.acquire(target, never);
  if (acquired.kind !== "lease") throw new Error(acquired.reason);
  return acquired.lease;
}

test("url targets: what is in flight is counted, a lease given back twice counts once", async () => {
  const targets = createUrlTargets();
  expect(targets.free(key)).toBe(64);
  const [first, second] = [await lease(targets), await lease(targets)];
  expect([first.url, first.instance, targets.free(key)]).toEqual([target.url, undefined, 62]);
  first.release();
  first.release();
  expect(targets.free(key)).toBe(63);
  second.release();
  expect(targets.free(key)).toBe(64);
});

test("url targets: listeners hear when a full target has room again, by a release or a higher limit", async () => {
  const targets = createUrlTargets();
  const heard: string[] = [];
  const stop = targets.onChange((changed) => heard.push(changed));
  targets.setLimit(key, 1);
  const held = await lease(targets);
  const over = await lease(targets);
  expect(targets.free(key)).toBe(0);
  over.release();
  expect(heard).toEqual([]);
  held.release();
  expect(heard).toEqual([key]);
  const again = await lease(targets);
  targets.setLimit(key, 2);
  expect(heard).toEqual([key, key]);
  stop();
  targets.setLimit(key, undefined);
  again.release();
  expect(heard).toHaveLength(2);
});

test("url targets: a service is somebody else's, an aborted caller gets no lease", async () => {
  const targets = createUrlTargets();
  const service = { kind: "service", namespace: "default", name: "hello", path: "/" } as const;
  await expect(targets.acquire(service, never)).rejects.toMatchObject({ code: "TRIGGER_TARGET_UNSUPPORTED" });
  await expect(targets.acquire(target, AbortSignal.abort(new Error("down")))).rejects.toThrow("down");
  expect(targets.free(key)).toBe(64);
});
