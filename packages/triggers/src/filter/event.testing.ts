import type { AttributeValue, CloudEvent, EventAttributes } from "@rouse/events";

/** An event with these attributes beside the required ones; `undefined` leaves one out. */
export function sampleEvent(
  attributes: Readonly<Record<string, AttributeValue | undefined>> = {},
  data?: Uint8Array,
): CloudEvent {
  const all: Record<string, AttributeValue> = Object.create(null);
  const required = { specversion: "1.0", id: "1", source: "/shop", type: "order.created" };
  for (const [name, value] of Object.entries({ ...required, ...attributes }))
    if (value !== undefined) all[name] = value;
  return { attributes: all as unknown as EventAttributes, data };
}
