/** One step into a document: a field's name, a key of a map, or an index. */
export type PathSegment = string | number;

const plainName = /^[A-Za-z_$][A-Za-z0-9_$-]*$/;

/** Segments as people read them: `spec.filters[0].exact.type`, keys with other characters in brackets, unquoted. */
export function formatPath(segments: readonly PropertyKey[], start = ""): string {
  let path = start;
  for (const segment of segments) {
    const name = String(segment);
    if (typeof segment === "number" || !plainName.test(name)) path += `[${name}]`;
    else path += path === "" ? name : `.${name}`;
  }
  return path;
}

/** The reverse of {@link formatPath}; an index comes back as text, for whoever knows whether it stands in a sequence. */
export function parsePath(path: string): string[] {
  const segments: string[] = [];
  for (const match of path.matchAll(/\[([^\]]*)\]|[^.[\]]+/g)) segments.push(match[1] ?? match[0]);
  return segments;
}

/** `inner` seen from `outer`: `spec` and `filters[0]` make `spec.filters[0]`. */
export function joinPath(outer: string, inner: string): string {
  if (outer === "" || inner === "") return outer + inner;
  return inner.startsWith("[") ? outer + inner : `${outer}.${inner}`;
}
