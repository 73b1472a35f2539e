/** The value at a JSON pointer (RFC 6901); undefined when there is none. Looks at own properties alone. */
export function jsonAt(value: unknown, pointer: string): unknown {
  if (pointer === "") return value;
  let at = value;
  for (const token of pointer.slice(1).split("/")) {
    if (typeof at !== "object" || at === null) return undefined;
    const name = token.replaceAll("~1", "/").replaceAll("~0", "~");
    if (Array.isArray(at) && !/^(0|[1-9]\d*)$/.test(name)) return undefined;
    if (!Object.hasOwn(at, name)) return undefined;
    at = (at as Record<string, unknown>)[name];
  }
  return at;
}
