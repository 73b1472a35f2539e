import type { TailLine } from "@rouse/server";
import { expect, test } from "vitest";
import { colored } from "./paint.ts";
import { createTimelineRenderer } from "./timeline.ts";

const at = new Date(2026, 0, 2, 3, 4, 5, 6).getTime();
const place = { at, namespace: "default", broker: "default", handle: "default/default/1" };
const event = { id: "1", source: "/shop", type: "com.example.order", subject: "/orders/1" };

function rendered(...lines: readonly TailLine[]): string {
  const renderer = createTimelineRenderer();
  return lines.map((line) => renderer.render(line)).join("");
}

test("timeline: an event and what the triggers said of it stand together", () => {
  const triggers = [
    { name: "refunds", matched: false, why: 'type is "com.example.order", wanted "com.example.refund"' },
    { name: "orders", matched: true },
  ];
  expect(rendered({ ...place, kind: "stored", event }, { ...place, kind: "routed", event, triggers })).toBe(
    [
      "03:04:05.006  default/default/1  event     com.example.order  /orders/1  from /shop",
      "                                 match     orders",
      '                                 no match  refunds  type is "com.example.order", wanted "com.example.refund"',
      "",
    ].join("\n"),
  );
});

test("timeline: an event that is routed before its storing is told is shown once", () => {
  const text = rendered(
    { ...place, kind: "routed", event, matched: ["orders"] },
    { ...place, kind: "stored", event, duplicate: false },
  );
  expect(text.match(/ event /g)).toHaveLength(1);
  expect(text.split("\n")).toHaveLength(3);
});

test("timeline: what follows another event's line says again which event it is about", () => {
  const other = { ...place, handle: "default/default/2" };
  const text = rendered(
    { ...place, kind: "stored", event },
    { ...other, kind: "stored", event },
    { ...place, kind: "routed", event, triggers: [] },
  );
  expect(text.trimEnd().split("\n").at(-1)).toBe("03:04:05.006  default/default/1  no match  no trigger took it");
});

test("timeline: an event that no trigger of the broker is for, but that was taken, shows by whom", () => {
  const internal = { ...place, broker: "_internal", handle: "default/_internal/1" };
  const text = rendered({ ...internal, kind: "routed", event, triggers: [], matched: ["every-minute"] });
  expect(text).toMatch(/default\/_internal\/1 {2}event .*\n +match {5}every-minute\n$/);
});

const attempt = { ...place, kind: "attempt", trigger: "orders", stage: "subscriber", attempt: 1 } as const;

test.each<[string, TailLine, string]>([
  [
    "a cold delivery",
    {
      ...attempt,
      verdict: "done",
      note: { status: 204, instance: "cold", waitedMs: 87.4, responseMs: 3.2, destination: "http://127.0.0.1:4/" },
    },
    "delivered orders  204  cold, woken in 87 ms  answered in 3 ms",
  ],
  [
    "a delivery to a frozen instance",
    { ...attempt, verdict: "done", note: { status: 204, instance: "thawed", waitedMs: 4.2, responseMs: 3.2 } },
    "delivered orders  204  thawed in 4 ms  answered in 3 ms",
  ],
  [
    "a delivery to a URL",
    { ...attempt, verdict: "done", note: { status: 200, destination: "http://x/" } },
    "delivered orders → http://x/  200",
  ],
  [
    "a retry",
    { ...attempt, attempt: 3, verdict: "again", message: "503 Service Unavailable", notBefore: at + 800 },
    "retry     orders  attempt 3  503 Service Unavailable  next in 800 ms",
  ],
  [
    "a delivery to a service",
    { ...attempt, verdict: "done", note: { status: 204, instance: "warm", service: "default/confirm" } },
    "delivered orders → confirm  204  warm",
  ],
  [
    "a delivery to a service elsewhere",
    { ...attempt, verdict: "done", note: { status: 204, instance: "warm", service: "shop/confirm" } },
    "delivered orders → shop/confirm  204  warm",
  ],
  [
    "a retry of a URL, which is named once",
    {
      ...attempt,
      verdict: "again",
      message: "http://x/ answered 503",
      notBefore: at + 800,
      note: { status: 503, destination: "http://x/", responseMs: 3 },
    },
    "retry     orders → http://x/  503  answered in 3 ms  next in 800 ms",
  ],
  [
    "a failure at the dead-letter sink, which names the URL",
    {
      ...attempt,
      stage: "dead-letter",
      verdict: "dead",
      message: "http://x/ answered 400",
      note: { status: 400, destination: "http://x/" },
    },
    "gave up   orders → dead-letter sink  http://x/ answered 400",
  ],
  [
    "a held attempt with a next time",
    { ...attempt, verdict: "hold", reason: "the window is full", notBefore: at + 1_500 },
    "held      orders  the window is full  next in 1.5 s",
  ],
  [
    "an instance that crashed",
    {
      at,
      kind: "instance",
      namespace: "default",
      service: "f",
      instance: "f-1",
      change: "failed",
      message: "exited with code 1; stderr:\nboom\n  at f.mjs:1",
    },
    "failed    exited with code 1",
  ],
  [
    "a held attempt",
    { ...attempt, verdict: "hold", reason: "the target is down" },
    "held      orders  the target is down",
  ],
  [
    "an attempt that gave up",
    { ...attempt, verdict: "dead", message: "400 Bad Request" },
    "gave up   orders  400 Bad Request",
  ],
  ["a wait", { ...place, kind: "waiting", trigger: "orders", reason: "paused" }, "waits     orders: paused"],
  [
    "a dead record",
    { ...place, kind: "dead", trigger: "orders", message: "refused" },
    "dead      orders: refused; kept in the dead stream",
  ],
  [
    "a duplicate",
    { ...place, kind: "stored", event, duplicate: true },
    "duplicate com.example.order  /orders/1  from /shop: stored once before, not again",
  ],
  [
    "what a function prints",
    { at, kind: "output", namespace: "default", instance: "f-1", stream: "stderr", message: "boom" },
    "stderr    boom",
  ],
])("timeline: %s reads well", (_name, line, expected) => {
  expect(rendered(line).trimEnd().slice(33)).toBe(expected);
});

test("timeline: a reply stands below the delivery that caused it", () => {
  const note = { status: 200, reply: { type: "com.example.done", handle: "default/default/2" }, warning: "odd" };
  expect(
    rendered({ ...attempt, verdict: "done", note })
      .split("\n")
      .slice(1, 3),
  ).toEqual([
    `${" ".repeat(33)}reply     com.example.done, stored as default/default/2`,
    `${" ".repeat(33)}warning   odd`,
  ]);
});

test("timeline: a service is back to zero when its last instance has stopped", () => {
  const instance = (name: string, change: TailLine["change"], message = ""): TailLine => {
    return {
      at,
      kind: "instance",
      namespace: "default",
      service: "f",
      instance: name,
      ...(change ? { change } : {}),
      message,
    };
  };
  const text = rendered(
    instance("f-1", "starting"),
    instance("f-2", "starting"),
    { ...instance("f-1", "ready"), startMs: 34 },
    instance("f-1", "stopped", "exited"),
    instance("f-2", "idle", "had nothing to do for 1000 ms"),
    instance("f-2", "stopped", "exited"),
  );
  const words = text
    .trimEnd()
    .split("\n")
    .map((line) => line.slice(33));
  expect(words).toEqual([
    "starting",
    "starting",
    "ready     after 34 ms",
    "stopped",
    "stopped   had nothing to do for 1000 ms; f is back to zero",
  ]);
});

test("timeline: text from outside cannot move the cursor", () => {
  const text = rendered({ ...place, kind: "stored", event: { ...event, subject: "\u001b[2J\nx" } });
  expect(text).toContain("\\u001b[2J\\nx");
});

test("timeline: colours only set off, the text stays the same", () => {
  const text = createTimelineRenderer(colored).render({ ...place, kind: "stored", event });
  // biome-ignore lint/suspicious/noControlCharactersInRegex: escape sequences are what is removed.
  expect(text.replace(/\u001b\[\d+m/g, "")).toBe(rendered({ ...place, kind: "stored", event }));
});
