import { createHash } from "node:crypto";

/** The broker name of a namespace's internal log. No user can take it: an underscore is not allowed in a DNS label. */
export const internalBroker = "_internal";

/** The durable under which all replicas read a broker's log. */
export const routerDurable = "router";

const tokensMax = 12;
const bytesMax = 160;

/** Every name that one broker has on JetStream; design section 5. A trigger uid holds neither dots nor blanks. */
export interface JetstreamNames {
  readonly logStream: string;
  /** The subjects of the whole stream, with a wildcard; so are the other `…Subjects`. */
  readonly logSubjects: string;
  /** The subject under which an event of this type lies in the log. */
  logSubject(type: string): string;
  readonly routerCursor: string;
  readonly laneStream: string;
  readonly laneSubjects: string;
  laneSubject(triggerUid: string): string;
  /** The durable of a trigger's lane. */
  laneCursor(triggerUid: string): string;
  readonly deadStream: string;
  readonly deadSubjects: string;
  deadSubject(triggerUid: string): string;
  readonly journalStream: string;
  readonly journalSubjects: string;
  journalSubject(triggerUid: string): string;
}

/**
 * The names of one broker. Namespace and broker are DNS labels (or {@link internalBroker}), so that neither holds a dot
 * or an underscore and two brokers never share a stream.
 * @param prefix the installation's name; default `rouse`, in capitals for streams.
 */
export function jetstreamNames(namespace: string, broker: string, prefix = "rouse"): JetstreamNames {
  const stream = (kind: string): string => `${`${prefix}_${kind}`.toUpperCase()}_${namespace}_${broker}`;
  const subject = (kind: string, tail: string): string => `${prefix}.${kind}.${namespace}.${broker}.${tail}`;
  return {
    logStream: stream("log"),
    logSubjects: subject("log", ">"),
    logSubject: (type) => subject("log", typeTokens(type)),
    routerCursor: routerDurable,
    laneStream: stream("lane"),
    laneSubjects: subject("lane", "*"),
    laneSubject: (uid) => subject("lane", encodeToken(uid)),
    laneCursor: (uid) => `lane_${encodeToken(uid)}`,
    deadStream: stream("dead"),
    deadSubjects: subject("dead", "*"),
    deadSubject: (uid) => subject("dead", encodeToken(uid)),
    journalStream: stream("journal"),
    journalSubjects: subject("journal", "*"),
    journalSubject: (uid) => subject("journal", encodeToken(uid)),
  };
}

/** The trigger uid at the end of a subject of the lanes, the dead stream or the journal. */
export function uidOfSubject(subject: string): string {
  return decodeToken(subject.slice(subject.lastIndexOf(".") + 1));
}

/**
 * An event type as subject tokens. Injective: dots separate tokens, bytes outside `[A-Za-z0-9_-]` become `%XX`, an
 * empty token is `%`. What is longer than 12 tokens or 160 bytes becomes one token, `%sha256-` and the hash of the
 * type in hexadecimal; `%s` is the beginning of no other token, because s is no hexadecimal digit.
 */
export function typeTokens(type: string): string {
  const tokens = type.split(".");
  if (tokens.length <= tokensMax) {
    const encoded = tokens.map(encodeToken).join(".");
    if (encoded.length <= bytesMax) return encoded;
  }
  return `%sha256-${createHash("sha256").update(type, "utf8").digest("hex")}`;
}

function encodeToken(token: string): string {
  if (token === "") return "%";
  if (/^[A-Za-z0-9_-]+$/.test(token)) return token;
  let encoded = "";
  for (const byte of Buffer.from(token, "utf8")) {
    const character = String.fromCharCode(byte);
    encoded += /[A-Za-z0-9_-]/.test(character) ? character : `%${byte.toString(16).toUpperCase().padStart(2, "0")}`;
  }
  return encoded;
}

function decodeToken(token: string): string {
  return token === "%" ? "" : decodeURIComponent(token);
}
