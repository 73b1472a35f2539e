/** Attributes without `specversion`. */
export type PostedAttributes = Readonly<Record<string, string>>;

/** An event in structured mode. */
export interface StructuredEvent {
  readonly structured: Readonly<Record<string, unknown>>;
}

/** An event to be posted in structured mode. */
export function structuredOf(fields: Readonly<Record<string, unknown>>): StructuredEvent {
  return { structured: { specversion: "1.0", ...fields } };
}

/** Posts an event once, with data that are JSON. */
export function postEvent(url: string, event: PostedAttributes | StructuredEvent, data?: string): Promise<Response> {
  if (isStructured(event)) {
    const headers = { "content-type": "application/cloudevents+json" };
    return fetch(url, { method: "POST", headers, body: JSON.stringify(event.structured) });
  }
  const headers: Record<string, string> = { "ce-specversion": "1.0" };
  if (data !== undefined) headers["content-type"] = "application/json";
  for (const [name, value] of Object.entries(event)) headers[`ce-${name}`] = value;
  return fetch(url, { method: "POST", headers, body: data ?? null });
}

function isStructured(event: PostedAttributes | StructuredEvent): event is StructuredEvent {
  return typeof event.structured === "object";
}
