import type { CloudEvent } from "@rouse/events";

/** The extension in which Knative's brokers count how many brokers an event may still pass. */
export const hopsAttribute = "knativebrokerttl";

/** The number of brokers an event may pass when nobody said otherwise. */
export const hopsDefault = 255;

/** An event without its hop count, and the count; `exhausted`: it may not be taken. */
export type TakenHops =
  | { readonly kind: "taken"; readonly event: CloudEvent; readonly hops: number }
  | { readonly kind: "exhausted"; readonly given: string };

/** What is left after one more broker; `given` undefined: the event comes from its source. Exhausted when it is 0 or less. */
export function hopsAfter(given: number | undefined, max: number): number {
  return given === undefined ? max : Math.min(given - 1, max);
}

/**
 * Takes the hop count out of an event that comes from outside: it is honoured only downwards, a value above `max`
 * counts as `max`, and one that is no whole number counts as absent, as in Knative.
 */
export function takeHops(event: CloudEvent, max: number): TakenHops {
  const value = event.attributes[hopsAttribute];
  if (value === undefined) return { kind: "taken", event, hops: max };
  const { [hopsAttribute]: _, ...rest } = event.attributes;
  const attributes = Object.assign(Object.create(null), rest) as CloudEvent["attributes"];
  const given = typeof value === "number" ? value : Number(value === "" ? Number.NaN : value);
  const hops = hopsAfter(Number.isInteger(given) ? given : undefined, max);
  if (hops <= 0) return { kind: "exhausted", given: String(value) };
  return { kind: "taken", event: { attributes, data: event.data }, hops };
}
