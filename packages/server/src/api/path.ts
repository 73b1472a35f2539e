/** What a path below `/api` or `/apis` asks for. */
export type ApiPath =
  | { readonly kind: "core-versions" }
  | { readonly kind: "groups" }
  | { readonly kind: "group"; readonly group: string }
  | { readonly kind: "resources"; readonly group: string; readonly version: string }
  | { readonly kind: "namespaces"; readonly name: string | undefined }
  | {
      readonly kind: "objects";
      readonly group: string;
      readonly version: string;
      readonly plural: string;
      /** Undefined: of all namespaces. */
      readonly namespace: string | undefined;
      /** Undefined: the collection. */
      readonly name: string | undefined;
      readonly subresource: string | undefined;
    };

const label = /^[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?$/;

/** Reads the path of a request, without its query; undefined when nothing can be served at it. */
export function parsePath(path: string): ApiPath | undefined {
  const segments = decode(path);
  if (!segments) return undefined;
  const [root, ...rest] = segments;
  if (root === "apis") {
    const [group, version, ...inner] = rest;
    if (group === undefined) return { kind: "groups" };
    return version === undefined ? { kind: "group", group } : below(group, version, inner);
  }
  if (root !== "api") return undefined;
  const [version, ...inner] = rest;
  if (version === undefined) return { kind: "core-versions" };
  // A namespace is an item, and also the prefix of everything in it.
  if (version === "v1" && inner[0] === "namespaces" && inner.length <= 2) return { kind: "namespaces", name: inner[1] };
  return below("", version, inner);
}

function below(group: string, version: string, inner: readonly string[]): ApiPath | undefined {
  if (inner.length === 0) return { kind: "resources", group, version };
  const namespaced = inner[0] === "namespaces";
  const [plural, name, subresource, ...more] = namespaced ? inner.slice(2) : inner;
  const namespace = namespaced ? inner[1] : undefined;
  if (plural === undefined || more.length > 0) return undefined;
  if (namespaced ? !label.test(namespace ?? "") : name !== undefined) return undefined;
  return { kind: "objects", group, version, plural, namespace, name, subresource };
}

function decode(path: string): string[] | undefined {
  try {
    const segments = path.replace(/^\//, "").replace(/\/$/, "").split("/").map(decodeURIComponent);
    return segments.some((segment) => segment === "") ? undefined : segments;
  } catch {
    return undefined;
  }
}
