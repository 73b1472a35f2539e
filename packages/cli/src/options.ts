import { dnsLabelExpected, isDnsLabel } from "@rouse/resources";
import type { OptionDefinition } from "./command.ts";
import { usage } from "./errors.ts";

/** How to reach the server; every command that talks to one has these. */
export interface ConnectionOptions {
  readonly server?: string;
  readonly tokenFile?: string;
  readonly caFile?: string;
}

export const connectionOptions: readonly OptionDefinition[] = [
  { flags: "--server <url>", description: "admin URL of the server (ROUSE_SERVER; default: the one started here)" },
  { flags: "--token-file <file>", description: "file with the server's token (ROUSE_TOKEN_FILE)" },
  { flags: "--ca-file <file>", description: "certificate to expect of the server (ROUSE_CA_FILE)" },
];

export const namespaceOption: OptionDefinition = {
  flags: "-n, --namespace <name>",
  description: "namespace",
  default: "default",
  parse: namespace,
};

/** Reads a namespace. */
export function namespace(text: string): string {
  if (!isDnsLabel(text)) throw usage(`expected ${dnsLabelExpected}, got "${text}"`);
  return text;
}

/** Reads a whole number of at least `least`. */
export function wholeNumber(least: number): (text: string) => number {
  return (text) => {
    const value = /^\d{1,9}$/.test(text) ? Number(text) : Number.NaN;
    if (!(value >= least)) throw usage(`expected a whole number of at least ${least}, got "${text}"`);
    return value;
  };
}

/** Reads one of a few words. */
export function oneOf<const W extends string>(...words: readonly W[]): (text: string) => W {
  return (text) => {
    const found = words.find((word) => word === text);
    if (found === undefined) throw usage(`expected one of ${words.join(", ")}, got "${text}"`);
    return found;
  };
}

/** Reads `host:port`, `[::1]:port` or `:port`. */
export function address(text: string): { readonly host: string; readonly port: number } {
  const match = /^(\[[0-9a-fA-F:]+\]|[^:[\]/\s]*):(\d{1,5})$/.exec(text);
  const port = Number(match?.[2]);
  if (!match || port > 65_535)
    throw usage(`expected HOST:PORT such as 127.0.0.1:8080, got "${text}"`, "port 0 takes any free port");
  return { host: (match[1] || "127.0.0.1").replace(/^\[|\]$/g, ""), port };
}

/** Collects the values of an option that may be given several times. */
export function list<T>(values: readonly T[] | T | undefined): readonly T[] {
  if (values === undefined) return [];
  return Array.isArray(values) ? values : [values as T];
}
