import { createEvent } from "@rouse/events";
import { expect, test } from "vitest";
import type { TailLine } from "./tail-line.ts";
import { Timeline } from "./timeline.ts";

const event = createEvent({ id: "1", source: "/test", type: "a" });
const routed = { at: 5, namespace: "shop", broker: "b", sequence: 7, kind: "routed", event, matched: ["x"] } as const;

test("timeline: an entry becomes a line with the event's handle", () => {
  const timeline = new Timeline(() => undefined);
  timeline.record(routed);
  expect(timeline.recent(1)).toEqual([
    {
      at: 5,
      kind: "routed",
      namespace: "shop",
      broker: "b",
      handle: "shop/b/7",
      event: { id: "1", source: "/test", type: "a" },
      matched: ["x"],
    },
  ]);
});

test("timeline: why triggers did not match is asked only while somebody listens", () => {
  let asked = 0;
  const timeline = new Timeline(() => {
    asked += 1;
    return [{ name: "y", matched: false, why: 'type is "a"' }];
  });
  timeline.record(routed);
  const seen: TailLine[] = [];
  const stop = timeline.onLine((line) => seen.push(line));
  timeline.record(routed);
  stop();
  timeline.record(routed);
  expect([asked, seen.length, seen[0]?.triggers?.[0]?.name]).toEqual([1, 1, "y"]);
});

test("timeline: what an instance printed is a line of its service", () => {
  const timeline = new Timeline(() => undefined);
  timeline.recordOutput({ at: 9, key: "shop/mail", instance: "mail-1", stream: "stdout", text: "hello" });
  expect(timeline.recent(5)).toEqual([
    {
      at: 9,
      kind: "output",
      namespace: "shop",
      service: "mail",
      instance: "mail-1",
      stream: "stdout",
      message: "hello",
    },
  ]);
});

test("timeline: keeps a bounded number of lines", () => {
  const timeline = new Timeline(() => undefined);
  for (let n = 0; n < 5_000; n++) timeline.record({ ...routed, sequence: n });
  const lines = timeline.recent(10_000);
  expect(lines.length).toBeLessThan(2_000);
  expect(lines.at(-1)?.handle).toBe("shop/b/4999");
});

test("timeline: what instances print does not push out what happened to events", () => {
  const timeline = new Timeline(() => undefined);
  const output = { at: 9, key: "shop/mail", instance: "mail-1", stream: "stdout" } as const;
  timeline.record(routed);
  for (let n = 0; n < 5_000; n++) timeline.recordOutput({ ...output, text: String(n) });
  timeline.record(routed);
  const all = timeline.recent(10_000);
  expect(all.map(({ kind }) => kind).filter((kind) => kind === "routed")).toHaveLength(2);
  expect([all[0]?.kind, all.at(-1)?.kind, all.at(-2)?.message]).toEqual(["routed", "routed", "4999"]);
  expect(timeline.recent(10).map(({ kind }) => kind)).toEqual(["routed", ...Array(8).fill("output"), "routed"]);
  for (let n = 0; n < 10; n++) timeline.record(routed);
  expect(timeline.recent(10).filter(({ kind }) => kind === "output")).toHaveLength(5);
  expect(timeline.recent(0)).toEqual([]);
});
