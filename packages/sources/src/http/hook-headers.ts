import type { HttpHeaders } from "@rouse/events";

/** The headers of a request, by name in any case. */
export class HookHeaders {
  private readonly values = new Map<string, string[]>();

  constructor(headers: HttpHeaders) {
    for (const [name, value] of isRaw(headers) ? inPairs(headers) : flat(headers)) {
      const key = name.toLowerCase();
      const before = this.values.get(key);
      if (before) before.push(value);
      else this.values.set(key, [value]);
    }
  }

  has(name: string): boolean {
    return this.values.has(name.toLowerCase());
  }

  /** The value of a header; undefined when it is missing, and when it was sent twice: which one would be meant? */
  one(name: string): string | undefined {
    const values = this.values.get(name.toLowerCase());
    return values?.length === 1 ? values[0]!.trim() : undefined;
  }
}

function isRaw(headers: HttpHeaders): headers is readonly string[] {
  return Array.isArray(headers);
}

function inPairs(raw: readonly string[]): [string, string][] {
  const pairs: [string, string][] = [];
  for (let at = 0; at + 1 < raw.length; at += 2) pairs.push([raw[at]!, raw[at + 1]!]);
  return pairs;
}

function flat(record: Exclude<HttpHeaders, readonly string[]>): [string, string][] {
  return Object.entries(record).flatMap(([name, value]) => {
    if (value === undefined) return [];
    return (typeof value === "string" ? [value] : value).map((one): [string, string] => [name, one]);
  });
}
