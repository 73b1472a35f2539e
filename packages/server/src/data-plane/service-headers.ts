import type { IncomingHttpHeaders, IncomingMessage } from "node:http";
import type { InstanceLease } from "@rouse/serving-client";
import { bareAddress } from "./token.ts";

/** Meant for the next hop alone (RFC 9110, 7.6.1, and its predecessors); framing is kept, as Node frames by it. */
const hopByHop = [
  "connection",
  "proxy-connection",
  "keep-alive",
  "te",
  "upgrade",
  "http2-settings",
  "proxy-authenticate",
  "proxy-authorization",
];
/** `Connection` may name any header as the next hop's; to drop one of these would change what is asked, and of whom. */
const kept = new Set(["content-length", "transfer-encoding", "host", "content-type", "content-encoding", "set-cookie"]);

/** Header fields that no trailer may carry (RFC 9110, 6.5.1). */
const notInTrailers = new Set(["content-length", "transfer-encoding", "host", "authorization", "trailer", ...hopByHop]);

/** How a request is changed on its way, beside what is changed for all. */
export interface Forwarding {
  /** Told as `X-Forwarded-Prefix` unless empty. */
  readonly prefix: string;
  /** The Authorization header was for the data plane: its token is no business of the app. */
  readonly dropAuthorization: boolean;
}

/**
 * The headers that the app gets: those that came, less the ones for us, and `X-Forwarded-For`, `-Proto`, `-Host` and
 * `-Prefix`. `Host` stays as the caller sent it. The last address of `X-Forwarded-For` is the one that we have seen; what
 * stands before it, and a given `-Proto` or `-Host`, are the words of whoever called.
 */
export function forwardedHeaders(request: IncomingMessage, { prefix, dropAuthorization }: Forwarding) {
  const { headers, socket } = request;
  const peer = bareAddress(socket.remoteAddress);
  const before = [headers["x-forwarded-for"] ?? []].flat().join(", ");
  const passed: IncomingHttpHeaders = { ...headers };
  dropHopByHop(passed);
  // We have answered it ourselves by now: the body is on its way.
  delete passed.expect;
  if (dropAuthorization) delete passed.authorization;
  if (!isChunked(headers["transfer-encoding"])) delete passed.trailer;
  if (/(^|,)\s*trailers\s*($|,|;)/i.test([headers.te ?? []].flat().join())) passed.te = "trailers";
  passed["x-forwarded-for"] = before === "" ? peer : `${before}, ${peer}`;
  passed["x-forwarded-proto"] = headers["x-forwarded-proto"] ?? "http";
  const host = headers["x-forwarded-host"] ?? headers.host;
  if (host !== undefined) passed["x-forwarded-host"] = host;
  if (prefix !== "") passed["x-forwarded-prefix"] = prefix;
  return passed;
}

/** Where an answer goes, as far as its framing depends on that. */
export interface AnswerFraming {
  readonly status: number;
  /** Of the caller. */
  readonly httpVersion: string;
}

/**
 * Puts the headers that frame an answer in order; false for an answer that cannot be framed for the caller. Node ends
 * the process over a `Trailer` beside anything but chunks, and takes the framing of other transfer codings to be
 * somebody else's work, so that what an app sends in one would read as answers of ours.
 */
export function frameAnswer(headers: IncomingHttpHeaders, { status, httpVersion }: AnswerFraming): boolean {
  const coding = headers["transfer-encoding"];
  if (coding !== undefined && /^\s*identity\s*$/i.test(coding)) delete headers["transfer-encoding"];
  else if (coding !== undefined && !isChunked(coding)) return false;
  const chunked = isChunked(coding) && httpVersion === "1.1" && status !== 204 && status !== 304;
  if (!chunked) delete headers.trailer;
  return true;
}

/** True when chunks are the last coding, which is what Node reads by. */
function isChunked(coding: string | undefined): boolean {
  return /(^|,)\s*chunked\s*$/i.test(coding ?? "");
}

/** Takes out of the headers what is meant for one hop. */
export function dropHopByHop(headers: IncomingHttpHeaders): void {
  const named = (headers.connection ?? "").split(",").map((token) => token.trim().toLowerCase());
  for (const name of named) if (!kept.has(name)) delete headers[name];
  for (const name of hopByHop) delete headers[name];
}

/** The trailers that may be passed on; undefined for none. Node parses values that it throws at when they are to be written. */
export function passableTrailers(trailers: NodeJS.Dict<string>): Record<string, string> | undefined {
  const passed = Object.entries(trailers).filter(
    (entry): entry is [string, string] =>
      entry[1] !== undefined &&
      !notInTrailers.has(entry[0].toLowerCase()) &&
      /^[\t\x20-\x7e\x80-\xff]*$/.test(entry[1]),
  );
  return passed.length === 0 ? undefined : Object.fromEntries(passed);
}

/** `Server-Timing` of an answer that an instance gave or should have given: how it was come by, and what that took. */
export function timingOf({ instance, waitedMs }: Pick<InstanceLease, "instance" | "waitedMs">): string {
  return `${instance};dur=${waitedMs.toFixed(1)}`;
}

/** `Server-Timing` of an answer without an instance: how long the call was held. */
export function heldTiming(waitedMs: number): string {
  return `held;dur=${waitedMs.toFixed(1)}`;
}

/** Puts our `Server-Timing` before the app's own. */
export function addTiming(headers: IncomingHttpHeaders, timing: string): void {
  const own = headers["server-timing"];
  headers["server-timing"] = own === undefined ? timing : [timing, own].flat().join(", ");
}
