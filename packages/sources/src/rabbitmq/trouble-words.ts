import { messageOf } from "@rouse/base";
import { addressOf, type Endpoint } from "./connection.ts";

/** What was being done on a channel when it was closed. */
export type ChannelStep =
  | { readonly kind: "exchange"; readonly name: string }
  | { readonly kind: "queue"; readonly name: string }
  | { readonly kind: "binding"; readonly queue: string; readonly exchange: string }
  | { readonly kind: "consume"; readonly queue: string }
  | { readonly kind: "publish"; readonly exchange: string };

/** The server's own words in an error of the client, when it said some. */
interface ServerSaid {
  readonly code: number;
  readonly text: string;
}

/** Why a connection could not be opened, in words for an operator. Shows no credentials but the user's name. */
export function connectWords(error: unknown, endpoint: Endpoint): string {
  return redacted(connectReason(error, endpoint), endpoint);
}

/** Why an open connection was lost. */
export function lostWords(error: unknown, endpoint: Endpoint): string {
  const at = addressOf(endpoint);
  const said = serverSaid(error);
  if (said !== undefined) return redacted(`RabbitMQ at ${at} closed the connection: ${said.text}`, endpoint);
  const message = messageOf(error);
  if (message === "Heartbeat timeout") {
    return `RabbitMQ at ${at} fell silent: nothing was heard for ${endpoint.heartbeat * 2} s or more`;
  }
  return redacted(`the connection to RabbitMQ at ${at} was lost: ${message}`, endpoint);
}

/** Why a channel was closed, or something asked on it was refused. */
export function channelWords(error: unknown, step: ChannelStep, endpoint: Endpoint): string {
  const said = serverSaid(error);
  if (said === undefined) return redacted(`${doing(step)} failed: ${messageOf(error)}`, endpoint);
  return redacted(channelReason(said, step, endpoint), endpoint);
}

/** The consumer was ended by the server. */
export function cancelledWords(queue: string): string {
  return `RabbitMQ cancelled the consumer of queue "${queue}": the queue was deleted, or its leader went away`;
}

function channelReason({ code, text }: ServerSaid, step: ChannelStep, endpoint: Endpoint): string {
  const within = `in vhost "${endpoint.vhost}"`;
  switch (code) {
    case 404:
      if (/no exchange/.test(text)) return `no exchange "${exchangeOf(step)}" ${within} (NOT_FOUND)`;
      if (/no queue/.test(text)) return `no queue "${queueOf(step)}" ${within} (NOT_FOUND)`;
      break;
    case 406:
      if (/inequivalent arg/.test(text))
        return `${subject(step)} exists with other arguments: ${text}; delete it there, or declare the source anew with predeclared: true`;
      if (/acknowledgement .*timed out/.test(text)) {
        return `RabbitMQ took the messages back because they were not stored in time: ${text}`;
      }
      break;
    case 403:
      return `user "${userOf(endpoint)}" may not do this: ${doing(step)}: ${text}`;
    case 405:
      return `${subject(step)} is used by another connection alone: ${text}`;
  }
  return `RabbitMQ closed the channel while ${doing(step)}: ${text}`;
}

function connectReason(error: unknown, endpoint: Endpoint): string {
  const at = addressOf(endpoint);
  const said = serverSaid(error);
  const message = messageOf(error);
  if (said?.code === 403) {
    const who = endpoint.login === undefined ? "the client certificate" : `user "${userOf(endpoint)}"`;
    return `RabbitMQ at ${at} refused ${who}, the password is wrong or it may not log in: ${said.text}`;
  }
  if (said !== undefined) return `RabbitMQ at ${at} refused the connection: ${said.text}`;
  // The client hides what the server says to connection.open; there is only one thing that it asks for.
  if (/ConnectionOpenOk/.test(message)) {
    return `RabbitMQ at ${at} did not open vhost "${endpoint.vhost}" for user "${userOf(endpoint)}": there is no such vhost, or the user has no permission in it`;
  }
  return networkReason(codeOf(error), message, at, endpoint);
}

function networkReason(code: string, message: string, at: string, endpoint: Endpoint): string {
  switch (code) {
    case "ECONNREFUSED":
      return `cannot reach RabbitMQ: nothing listens at ${at} (connection refused)`;
    case "ENOTFOUND":
    case "EAI_AGAIN":
      return `cannot reach RabbitMQ: the host name "${endpoint.host}" is not known (${code})`;
    case "EHOSTUNREACH":
    case "ENETUNREACH":
    case "ETIMEDOUT":
      return `cannot reach RabbitMQ: no way to ${at} (${code})`;
    case "ERR_TLS_CERT_ALTNAME_INVALID":
      return `the certificate of RabbitMQ at ${at} is for another host: ${message}`;
    case "CERT_HAS_EXPIRED":
      return `the certificate of RabbitMQ at ${at} has expired`;
    case "DEPTH_ZERO_SELF_SIGNED_CERT":
    case "SELF_SIGNED_CERT_IN_CHAIN":
    case "UNABLE_TO_GET_ISSUER_CERT":
    case "UNABLE_TO_GET_ISSUER_CERT_LOCALLY":
    case "UNABLE_TO_VERIFY_LEAF_SIGNATURE":
    case "CERT_SIGNATURE_FAILURE":
      return `the certificate of RabbitMQ at ${at} is not trusted (${code}): give the CA that signed it`;
    case "ERR_SSL_WRONG_VERSION_NUMBER":
    case "EPROTO":
      return `TLS with RabbitMQ at ${at} failed (${tlsReason(message)}): is it the port for TLS?`;
  }
  if (/^ERR_SSL.*(?:ALERT|HANDSHAKE)|^ERR_OSSL/.test(code)) {
    return `TLS with RabbitMQ at ${at} failed (${tlsReason(message)}): does it ask for a client certificate?`;
  }
  if (/^connect ETIMEDOUT$/.test(message)) return `RabbitMQ at ${at} did not answer in time`;
  if (/Socket closed abruptly|ECONNRESET|Unexpected close/.test(`${message} ${code}`)) {
    const also = endpoint.secure ? "does it ask for a client certificate?" : "a port for TLS needs amqps://";
    return `RabbitMQ at ${at} closed the connection during the handshake; ${also}`;
  }
  return `cannot connect to RabbitMQ at ${at}: ${message}`;
}

/** OpenSSL's reason out of `80BC…:error:0A00010B:SSL routines:ssl3_get_record:wrong version number:../deps/…:350:`. */
function tlsReason(message: string): string {
  return /error:[^:]*:[^:]*:[^:]*:([^:]+)/.exec(message)?.[1] ?? message;
}

/** amqplib has the server's text only inside its own sentence. */
function serverSaid(error: unknown): ServerSaid | undefined {
  const found = /(\d{3}) \([A-Z-]*\) with message "(.*)"$/s.exec(messageOf(error));
  return found ? { code: Number(found[1]), text: found[2]! } : undefined;
}

function codeOf(error: unknown): string {
  if (typeof error !== "object" || error === null) return "";
  if ("code" in error && typeof error.code === "string") return error.code;
  return error instanceof AggregateError && error.errors.length > 0 ? codeOf(error.errors[0]) : "";
}

function doing(step: ChannelStep): string {
  switch (step.kind) {
    case "exchange":
      return `declaring exchange "${step.name}"`;
    case "queue":
      return `declaring queue "${step.name}"`;
    case "binding":
      return `binding queue "${step.queue}" to exchange "${step.exchange}"`;
    case "consume":
      return `consuming from queue "${step.queue}"`;
    case "publish":
      return `publishing to exchange "${step.exchange}"`;
    default:
      return step satisfies never;
  }
}

function subject(step: ChannelStep): string {
  return step.kind === "exchange" || step.kind === "publish"
    ? `exchange "${exchangeOf(step)}"`
    : `queue "${queueOf(step)}"`;
}

function exchangeOf(step: ChannelStep): string {
  if (step.kind === "exchange") return step.name;
  return step.kind === "binding" || step.kind === "publish" ? step.exchange : "";
}

function queueOf(step: ChannelStep): string {
  if (step.kind === "queue") return step.name;
  return step.kind === "binding" || step.kind === "consume" ? step.queue : "";
}

function userOf({ login }: Endpoint): string {
  return login?.user ?? "(of the client certificate)";
}

/** No server was seen to repeat a password; one that did would write it into a status. */
function redacted(text: string, { login }: Endpoint): string {
  const password = login?.password ?? "";
  return password.length < 4 || password === login?.user ? text : text.replaceAll(password, "***");
}
