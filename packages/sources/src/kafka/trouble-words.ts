import { messageOf } from "@rouse/base";
import type { KafkaConnection, KafkaLogLine } from "./connection.ts";

/** What of an error of the client is looked at; which of them are there depends on its class. */
interface ClientError {
  readonly name?: string;
  readonly message?: string;
  readonly type?: string;
  readonly code?: string | number;
  readonly broker?: string;
  readonly topic?: string;
  readonly cause?: unknown;
}

/** What is being done, for the words of an error that does not say by itself. */
export interface WordsContext {
  readonly connection: KafkaConnection;
  readonly consumerGroup?: string;
  /** The topics in question. */
  readonly topics?: readonly string[];
}

/** An error of the Kafka client in words that an operator understands, without credentials. Never throws. */
export function kafkaWords(thrown: unknown, context: WordsContext): string {
  const error = rootOf(thrown);
  const message = error.message || messageOf(thrown);
  const broker = error.broker === undefined ? someBroker(context.connection) : `broker ${error.broker}`;
  return (
    saslWords(error, message, context.connection) ??
    tlsWords(message, String(error.code ?? ""), broker, context.connection) ??
    networkWords(error, message, broker, context.connection) ??
    protocolWords(error, context) ??
    `the Kafka client says: ${message}`
  );
}

/** The same for what the client would only have logged. */
export function kafkaLogWords(line: KafkaLogLine, context: WordsContext): string | undefined {
  // What a request was answered with comes again as an error, with more about it.
  if (line.message.startsWith("Response ") || line.message.startsWith("Crash:")) return undefined;
  const code = /\b(E[A-Z]{3,}|[A-Z]+(?:_[A-Z]+)+)\b/.exec(line.message)?.[1];
  const name = "KafkaJSConnectionError";
  const broker = line.broker;
  const error = { name, message: line.message, ...(code && { code }), ...(broker && { broker }) };
  const words = kafkaWords(error, context);
  return words.startsWith("the Kafka client says") ? undefined : words;
}

/** The client wraps errors in errors: the innermost says what happened. */
function rootOf(thrown: unknown): ClientError {
  let error: unknown = thrown;
  for (let depth = 0; depth < 8; depth += 1) {
    const cause: unknown = (error as ClientError | null)?.cause;
    if (typeof cause !== "object" || cause === null) break;
    error = cause;
  }
  return typeof error === "object" && error !== null ? error : { message: String(error) };
}

function someBroker({ bootstrapServers }: KafkaConnection): string {
  return bootstrapServers.length === 1 ? `broker ${bootstrapServers[0]}` : `a broker of ${bootstrapServers.join(", ")}`;
}

function saslWords(error: ClientError, message: string, { sasl }: KafkaConnection): string | undefined {
  if (error.type === "ILLEGAL_SASL_STATE") return "the broker and the client disagree about the state of SASL";
  if (error.name !== "KafkaJSSASLAuthenticationError" && error.type !== "SASL_AUTHENTICATION_FAILED") {
    return undefined;
  }
  const mechanism = sasl?.mechanism ?? "SASL";
  const unsupported = /mechanism is not supported/i.test(message);
  if (unsupported) return `SASL ${mechanism}: the broker does not offer this mechanism; check the type of SASL`;
  if (sasl === undefined || sasl.mechanism === "OAUTHBEARER") return `SASL ${mechanism}: the token was refused`;
  return `SASL ${mechanism}: user "${sasl.user}" was refused (wrong user or password)`;
}

const unknownIssuers = new Set([
  "SELF_SIGNED_CERT_IN_CHAIN",
  "DEPTH_ZERO_SELF_SIGNED_CERT",
  "UNABLE_TO_VERIFY_LEAF_SIGNATURE",
  "UNABLE_TO_GET_ISSUER_CERT",
  "UNABLE_TO_GET_ISSUER_CERT_LOCALLY",
  "CERT_SIGNATURE_FAILURE",
]);
const issuerTexts = /self-signed certificate|unable to verify the first certificate|unable to get (local )?issuer/i;

function tlsWords(message: string, code: string, broker: string, { tls }: KafkaConnection): string | undefined {
  if (unknownIssuers.has(code) || issuerTexts.test(message)) {
    const ca = tls?.ca === undefined ? "a CA that this system trusts, and no CA was given" : "the CA given";
    return `the certificate of ${broker} is not signed by ${ca}`;
  }
  if (code === "CERT_HAS_EXPIRED" || /certificate has expired/i.test(message)) {
    return `the certificate of ${broker} has expired`;
  }
  if (code === "ERR_TLS_CERT_ALTNAME_INVALID" || /does not match certificate/i.test(message)) {
    return `the certificate of ${broker} is for another name`;
  }
  if (/certificate required|bad certificate|handshake failure|unknown ca\b|certificate unknown/i.test(message)) {
    return tls?.cert === undefined
      ? `${broker} asks for a client certificate, and none was given`
      : `${broker} refused the client certificate`;
  }
  if (/wrong version number|packet length too long|before secure TLS connection/i.test(message)) {
    return `${broker} does not speak TLS on this port`;
  }
  if (/PEM|no start line|key values mismatch|bad decrypt|asn1|DECODER/i.test(message)) {
    return `the TLS certificate or key given cannot be read: ${message.replace(/^Failed to connect: /, "")}`;
  }
  return undefined;
}

function networkWords(
  error: ClientError,
  message: string,
  broker: string,
  { tls, sasl }: KafkaConnection,
): string | undefined {
  switch (error.code) {
    case "ECONNREFUSED":
      return `${broker} refused the connection`;
    case "ENOTFOUND":
    case "EAI_AGAIN":
      return `the name of ${broker} cannot be resolved`;
    case "ETIMEDOUT":
    case "EHOSTUNREACH":
    case "ENETUNREACH":
      return `${broker} cannot be reached`;
    case "ECONNRESET":
    case "EPIPE":
      return `${broker} closed the connection`;
    default:
  }
  if (error.name === "KafkaJSRequestTimeoutError") {
    const request = /Request ([A-Za-z]+)/.exec(message)?.[1];
    return `${broker} did not answer${request === undefined ? "" : ` the ${request} request`} in time`;
  }
  if (/connection timeout/i.test(message)) return `${broker} did not take the connection in time`;
  if (/connection closed by the server|closed connection/i.test(message)) {
    const perhaps = [...(tls ? [] : ["does it want TLS?"]), ...(sasl ? [] : ["does it want SASL?"])];
    return `${broker} closed the connection${perhaps.length === 0 ? "" : ` (${perhaps.join(" ")})`}`;
  }
  if (error.name === "KafkaJSNoBrokerAvailableError") return "no broker of the cluster is available";
  return undefined;
}

function protocolWords(error: ClientError, context: WordsContext): string | undefined {
  const group = `consumer group "${context.consumerGroup ?? ""}"`;
  const topic = error.topic ?? context.topics?.join('", "') ?? "";
  switch (error.type) {
    case "UNKNOWN_TOPIC_OR_PARTITION":
      return `topic "${topic}" does not exist`;
    case "TOPIC_AUTHORIZATION_FAILED":
      return `the user may not read topic "${topic}"`;
    case "GROUP_AUTHORIZATION_FAILED":
      return `the user may not use ${group}`;
    case "CLUSTER_AUTHORIZATION_FAILED":
      return "the user may not do this in the cluster";
    case "INVALID_TOPIC_EXCEPTION":
      return `"${topic}" is no valid name of a topic`;
    case "LEADER_NOT_AVAILABLE":
    case "NOT_LEADER_FOR_PARTITION":
      return `topic "${topic}" has no leader at the moment`;
    case "GROUP_COORDINATOR_NOT_AVAILABLE":
    case "GROUP_LOAD_IN_PROGRESS":
    case "NOT_COORDINATOR_FOR_GROUP":
      return `the coordinator of ${group} is not available at the moment`;
    case "INCONSISTENT_GROUP_PROTOCOL":
      return `${group} is used by other consumers that share partitions in another way`;
    case "GROUP_MAX_SIZE_REACHED":
      return `${group} has as many members as the cluster allows`;
    case "UNSUPPORTED_VERSION":
      return "the broker speaks a version of the protocol that this client does not know";
    default:
      return error.name === "KafkaJSServerDoesNotSupportApiKey"
        ? `the broker is too old or too new: ${error.message}`
        : undefined;
  }
}
