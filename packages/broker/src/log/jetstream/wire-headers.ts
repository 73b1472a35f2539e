import type { MsgHdrs } from "@nats-io/transport-node";
import type { MessageHeaders } from "../engine.ts";

const lineBreak = /[\r\n]/;

/**
 * Headers as they go over the wire, with the message id. Written by hand because the client's own header object
 * checks every name against every other. Throws a TypeError on a line break, which would forge headers.
 */
export function encodeHeaders(headers: MessageHeaders, messageId: string): Uint8Array {
  let text = "NATS/1.0";
  for (const name in headers) text += line(name, headers[name]!);
  return Buffer.from(`${text}${line("Nats-Msg-Id", messageId)}\r\n\r\n`, "utf8");
}

function line(name: string, value: string): string {
  if (lineBreak.test(value) || lineBreak.test(name)) {
    throw new TypeError("expected header names and values without line breaks");
  }
  return `\r\n${name}: ${value}`;
}

/** The headers of a message that came, without the server's own (`Nats-…`). */
export function decodeHeaders(headers: MsgHdrs | undefined): MessageHeaders {
  const decoded: Record<string, string> = {};
  if (!headers) return decoded;
  for (const [name, values] of headers) put(decoded, name, values[0] ?? "");
  return decoded;
}

/** The headers of a message that an API answer holds, as the server stores them. */
export function parseHeaders(text: string): MessageHeaders {
  const decoded: Record<string, string> = {};
  for (const line of text.split("\r\n").slice(1)) {
    const colon = line.indexOf(":");
    if (colon > 0) put(decoded, line.slice(0, colon), line.slice(colon + 1).trim());
  }
  return decoded;
}

function put(headers: Record<string, string>, name: string, value: string): void {
  const lower = name.toLowerCase();
  if (!lower.startsWith("nats-") && !Object.hasOwn(headers, lower)) headers[lower] = value;
}
