/** Headers that deliveries take along, or why they cannot. */
export type DeliveryHeaders =
  | { readonly kind: "headers"; readonly headers: Readonly<Record<string, string>> }
  /** In words, with the name that is wrong and without its value. */
  | { readonly kind: "refused"; readonly message: string };

/** The name that stands for a token alone: it becomes `authorization: Bearer <value>`. */
const bearerName = "bearer-token";
const token = /^[!#$%&'*+.^_`|~0-9A-Za-z-]+$/;
/** A header's value: Latin-1 without control characters. */
const plain = /^[\t\x20-\x7e\xa0-\xff]+$/;

/** What belongs to the connection, and what says which event it is and how it is sent. */
const reserved: ReadonlySet<string> = new Set([
  "host",
  "connection",
  "content-length",
  "content-type",
  "content-encoding",
  "expect",
  "keep-alive",
  "kn-namespace",
  "prefer",
  "proxy-connection",
  "te",
  "traceparent",
  "tracestate",
  "trailer",
  "transfer-encoding",
  "upgrade",
]);

/**
 * Makes the headers of a subscription from names and values as they stand in a Secret; white space around a value, such
 * as the last line end of a file, is left out. The name `bearer-token` stands for `authorization: Bearer …`.
 */
export function deliveryHeaders(values: Iterable<readonly [name: string, value: string]>): DeliveryHeaders {
  const headers: Record<string, string> = {};
  for (const [given, text] of values) {
    const bearer = given.toLowerCase() === bearerName;
    const name = bearer ? "authorization" : given.toLowerCase();
    const wrong = problemOf(given, name, text.trim()) ?? (name in headers ? again(given, name) : undefined);
    if (wrong !== undefined) return { kind: "refused", message: wrong };
    headers[name] = bearer ? `Bearer ${text.trim()}` : text.trim();
  }
  return { kind: "headers", headers };
}

function problemOf(given: string, name: string, value: string): string | undefined {
  if (!token.test(name) || name === "__proto__") return `expected the name of a header, got "${given}"`;
  if (reserved.has(name) || name.startsWith("ce-")) return `the header "${given}" cannot be set: rouse sets it itself`;
  if (value === "") return `the value of the header "${given}" is empty`;
  return plain.test(value) ? undefined : `the value of the header "${given}" has characters that a header cannot have`;
}

function again(given: string, name: string): string {
  return `"${given}" sets the header ${name}, which is set already`;
}
