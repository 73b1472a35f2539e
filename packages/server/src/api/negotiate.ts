/** How a body is to be read. */
export type MediaType = "json" | "yaml" | "merge-patch" | "json-patch" | "apply-patch" | "strategic-merge-patch";

const mediaTypes: Readonly<Record<string, MediaType>> = {
  "application/json": "json",
  "application/yaml": "yaml",
  "application/x-yaml": "yaml",
  "text/yaml": "yaml",
  "application/merge-patch+json": "merge-patch",
  "application/json-patch+json": "json-patch",
  "application/apply-patch+yaml": "apply-patch",
  "application/strategic-merge-patch+json": "strategic-merge-patch",
};

/** What a `content-type` header means; undefined for what no API client sends (forms, plain text) and for none. */
export function mediaType(contentType: string | undefined): MediaType | undefined {
  const name = (contentType ?? "").split(";")[0]!.trim().toLowerCase();
  return Object.hasOwn(mediaTypes, name) ? mediaTypes[name] : undefined;
}

/** A query parameter that is said once; of a repeated one the last. */
export function parameter(query: Readonly<Record<string, unknown>>, name: string): string | undefined {
  const value = query[name];
  const last = Array.isArray(value) ? value.at(-1) : value;
  return typeof last === "string" ? last : undefined;
}

/** A boolean query parameter: clients write `1`, `true` and `True`, or the bare name. */
export function flag(query: Readonly<Record<string, unknown>>, name: string): boolean {
  const value = parameter(query, name);
  return value !== undefined && ["", "1", "t", "true"].includes(value.toLowerCase());
}
