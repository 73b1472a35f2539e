import { expect, test } from "vitest";
import type { StreamConfig } from "../engine.ts";
import { toWire, updateOf } from "./stream-config.ts";

const config: StreamConfig = {
  name: "S",
  subjects: ["s.>"],
  retention: "limits",
  maxAgeMs: 604_800_000,
  maxBytes: 0,
  duplicateWindowMs: 120_000,
  replicas: 1,
  discard: "old",
};

test("stream config: is sent in the API's units, with fields that nats-server 2.9 knows", () => {
  expect(toWire(config)).toEqual({
    name: "S",
    subjects: ["s.>"],
    retention: "limits",
    storage: "file",
    discard: "old",
    max_age: 604_800_000_000_000,
    max_bytes: -1,
    duplicate_window: 120_000_000_000,
    num_replicas: 1,
    allow_direct: false,
  });
});

test("stream config: the duplicate window is no longer than the age limit", () => {
  expect(toWire({ ...config, maxAgeMs: 1000 }).duplicate_window).toBe(1_000_000_000);
});

test("stream config: nothing is updated when only fields differ that we do not set", () => {
  const { allow_direct: _, ...current } = toWire(config);
  expect(updateOf({ ...current, max_msgs: -1, description: "mine" }, toWire(config))).toBeUndefined();
});

test("stream config: an update keeps what we do not set", () => {
  const current = { ...toWire(config), description: "mine" };
  const update = updateOf(current, toWire({ ...config, maxBytes: 5 }));
  expect(update).toEqual({ ...current, max_bytes: 5 });
});
