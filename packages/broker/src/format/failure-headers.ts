import type { Failure } from "../delivery.ts";
import type { MessageHeaders } from "../log/engine.ts";
import { decodeHeaderText, encodeHeaderText } from "./header-text.ts";

const textBytesMax = 2_048;
const bodyBytesMax = 1_024;

/**
 * A failure as headers that begin with `prefix`: `reason`, `message`, `destination`, `status`, `made` (attempts),
 * `body` (base64).
 * At most 6 KiB in all, whatever the failure says.
 */
export function encodeFailure(prefix: string, failure: Failure): Record<string, string> {
  const headers: Record<string, string> = {
    [`${prefix}reason`]: encodeHeaderText(failure.reason, 128),
    [`${prefix}message`]: encodeHeaderText(failure.message, textBytesMax),
  };
  if (failure.destination !== undefined) {
    headers[`${prefix}destination`] = encodeHeaderText(failure.destination, textBytesMax);
  }
  if (failure.status !== undefined) headers[`${prefix}status`] = String(failure.status);
  if (failure.attempts !== undefined) headers[`${prefix}made`] = String(failure.attempts);
  if (failure.body !== undefined && failure.body.length > 0) {
    headers[`${prefix}body`] = Buffer.from(failure.body.subarray(0, bodyBytesMax)).toString("base64");
  }
  return headers;
}

/** The failure under `prefix`, or undefined when there is none. */
export function decodeFailure(prefix: string, headers: MessageHeaders): Failure | undefined {
  const reason = headers[`${prefix}reason`];
  if (reason === undefined) return undefined;
  const destination = headers[`${prefix}destination`];
  const status = headers[`${prefix}status`];
  const body = headers[`${prefix}body`];
  const attempts = headers[`${prefix}made`];
  return {
    reason: decodeHeaderText(reason),
    message: decodeHeaderText(headers[`${prefix}message`] ?? ""),
    ...(destination === undefined ? {} : { destination: decodeHeaderText(destination) }),
    ...(status === undefined ? {} : { status: Number(status) }),
    ...(attempts === undefined ? {} : { attempts: Number(attempts) }),
    ...(body === undefined ? {} : { body: Buffer.from(body, "base64") }),
  };
}
