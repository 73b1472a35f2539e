/** Values under these keys are no secret by themselves, and messages without them would tell nothing. */
const open: ReadonlySet<string> = new Set([
  "ca.crt",
  "port",
  "protocol",
  "sasl.mechanism",
  "tls.crt",
  "user",
  "user.crt",
  "username",
]);

/** Words that stand under other keys too, and are known to everybody. */
const publicWords: ReadonlySet<string> = new Set([
  "OAUTHBEARER",
  "PLAINTEXT",
  "SASL_PLAINTEXT",
  "SASL_SSL",
  "SCRAM-SHA-256",
  "SCRAM-SHA-512",
]);

/** What stands where a value was. */
export const redacted = "[redacted]";

/** Shorter values are not looked for: they would be found in texts that have nothing to do with them. */
const lengthMin = 8;
/** Longer ones (certificates, keys) do not get into messages whole. */
const lengthMax = 8_192;
/** The oldest are forgotten beyond this. */
const knownMax = 5_000;

/**
 * Takes the values of Secrets out of everything that is shown or kept: log lines, statuses, timeline, failures. It knows
 * each value that this process has sealed or read, in the forms in which it gets into texts: as it is, base64, within a
 * URL or within JSON, and of a URL with credentials the password alone. Values shorter than 8 characters are not looked
 * for, nor what is no secret by itself: users, protocols, certificates.
 */
export class Redactor {
  /** Every form, the longest first: a form may be part of another. */
  private forms: string[] = [];
  private readonly known = new Set<string>();

  /** Keeps a value out of what is shown from now on; `key` is its name in the Secret. */
  readonly learn = (value: Uint8Array, key = ""): void => {
    if (open.has(key) || value.length < lengthMin || value.length > lengthMax) return;
    if (publicWords.has(Buffer.from(value).toString("latin1"))) return;
    const before = this.known.size;
    for (const form of formsOf(Buffer.from(value))) if (form.length >= lengthMin) this.known.add(form);
    if (this.known.size === before) return;
    for (const form of this.known) {
      if (this.known.size <= knownMax) break;
      this.known.delete(form);
    }
    this.forms = [...this.known].sort((a, b) => b.length - a.length);
  };

  /** The text without any value that is known; the very same text when there is none in it. */
  readonly text = (text: string): string => {
    let clean = text;
    for (const form of this.forms) if (clean.includes(form)) clean = clean.replaceAll(form, redacted);
    return clean;
  };

  /** The bytes without any value that is known. */
  readonly bytes = (bytes: Uint8Array): Uint8Array => {
    if (this.forms.length === 0) return bytes;
    const text = Buffer.from(bytes).toString("latin1");
    let clean = text;
    for (const form of this.forms) clean = clean.replaceAll(Buffer.from(form).toString("latin1"), redacted);
    return clean === text ? bytes : Buffer.from(clean, "latin1");
  };

  /** Every text in a JSON value, names of fields left alone; the very same value when there was nothing in it. */
  readonly json = <T>(value: T): T => (this.forms.length === 0 ? value : (this.walk(value) as T));

  private walk(value: unknown): unknown {
    if (typeof value === "string") return this.text(value);
    if (typeof value !== "object" || value === null) return value;
    if (value instanceof Uint8Array) return this.bytes(value);
    let same = true;
    const clean = Object.entries(value).map(([name, inner]) => {
      const next = this.walk(inner);
      if (next !== inner) same = false;
      return [name, next] as const;
    });
    if (same) return value;
    return Array.isArray(value) ? clean.map(([, inner]) => inner) : Object.fromEntries(clean);
  }
}

function* formsOf(value: Buffer): Generator<string> {
  const text = value.toString("utf8").trim();
  // Whoever uses a value leaves out the line end that its file has.
  for (const bytes of [value, Buffer.from(text)]) {
    yield bytes.toString("base64");
    yield bytes.toString("base64url");
  }
  yield* written(text);
  yield* credentials(text);
}

function* written(text: string): Generator<string> {
  yield text;
  // Lone surrogates cannot come out of bytes, so this does not throw.
  yield encodeURIComponent(text);
  yield JSON.stringify(text).slice(1, -1);
}

/** Messages of clients name the password of a URL without the URL, also of one that was given without its scheme. */
function* credentials(text: string): Generator<string> {
  const url = text.includes("://") ? text : text.includes("@") ? `amqp://${text}` : "";
  if (!URL.canParse(url)) return;
  const { password, username } = new URL(url);
  if (password === "") return;
  yield password;
  const plain = decoded(password);
  yield* written(plain);
  yield Buffer.from(`${decoded(username)}:${plain}`).toString("base64");
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}
