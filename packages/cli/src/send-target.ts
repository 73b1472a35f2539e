import { dnsLabelExpected, isDnsLabel } from "@rouse/resources";
import { usage } from "./errors.ts";

/** Where an event is sent. */
export type Target =
  | { readonly kind: "broker"; readonly namespace: string; readonly name: string }
  | { readonly kind: "url"; readonly url: string };

/** Reads `--to`: `NAME`, `NAMESPACE/NAME`, `broker:NAME`, `broker:NAME:NAMESPACE` or an http(s) URL. */
export function targetOf(text: string, namespace: string): Target {
  if (/^https?:\/\//i.test(text)) {
    if (!URL.canParse(text)) throw usage(`expected a URL, got "${text}"`);
    return { kind: "url", url: text };
  }
  const parts = text.startsWith("broker:") ? text.slice("broker:".length).split(":").reverse() : text.split("/");
  const [place, name] = parts.length === 1 ? [namespace, parts[0]!] : [parts[0]!, parts[1]!];
  if (parts.length > 2 || !isDnsLabel(place) || !isDnsLabel(name)) {
    const expected = "a broker as NAME, NAMESPACE/NAME or broker:NAME, or an http URL";
    throw usage(`expected ${expected}, got "${text}"`, `a name is ${dnsLabelExpected}`);
  }
  return { kind: "broker", namespace: place, name };
}

/** The URL of a broker on a data plane. */
export function brokerUrl(dataPlane: string, { namespace, name }: Extract<Target, { kind: "broker" }>): string {
  return `${dataPlane.replace(/\/+$/, "")}/${namespace}/${name}`;
}
