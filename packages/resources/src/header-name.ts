import { invalid, type Problem } from "./problem.ts";

/** The problem of a text that is no name of an HTTP header. */
export function validateHeaderName(name: string, path: string): Problem[] {
  if (/^[!#$%&'*+.^_`|~0-9A-Za-z-]{1,128}$/.test(name)) return [];
  return [invalid(path, "the name of a header, such as X-Event-Type", name)];
}
