import type { Preset } from "../preset.ts";

/** What is so for every sender that no preset knows. */
export const anySender: Omit<Preset, "distrust"> = {
  open: true,
  storedStatus: 202,
  unwrap: (delivery) => delivery,
  reply: () => undefined,
  attributes: (delivery) => ({
    type: undefined,
    source: undefined,
    subject: undefined,
    // Both are defined to stay the same when a request is sent again.
    id: delivery.header("webhook-id") ?? delivery.header("Idempotency-Key"),
    time: undefined,
  }),
};

/** Whoever knows the address is believed. */
export const none: Preset = { ...anySender, distrust: () => undefined };
