import { readFile, stat } from "node:fs/promises";
import { messageOf } from "@rouse/base";
import type { Entry, ObjectId, Store } from "../store/port.ts";
import type { OutsideValue } from "./outside-values.ts";
import type { Opened } from "./seal.ts";
import { SecretFault } from "./secret-fault.ts";
import { secretType, type Vault } from "./vault.ts";

/** The values of a Secret, by their keys. */
export type SecretValues = ReadonlyMap<string, Buffer>;

/** Which value of which Secret; the namespace is that of the object which refers to it. */
export interface SecretReference {
  readonly name: string;
  readonly key: string;
  /** True: a Secret or a key that is missing is a value that was not given. */
  readonly optional?: boolean | undefined;
}

/**
 * Reads Secrets. Everything rejects with a SecretFault in words for a condition: what is missing or cannot be read, and
 * the way out; never with a value.
 */
export interface SecretReader {
  /** All values; undefined when there is no such Secret. Values from files and variables are read now. */
  read(namespace: string, name: string): Promise<SecretValues | undefined>;
  /** The same, and a Secret that is missing rejects with SECRET_NOT_FOUND. */
  all(namespace: string, name: string): Promise<SecretValues>;
  /** One value as text; what is missing rejects, `optional` or not. */
  text(namespace: string, reference: SecretReference): Promise<string>;
  /** One value as text; undefined when it is optional and missing, or when there is no reference. */
  textIfAny(namespace: string, reference: SecretReference | undefined): Promise<string | undefined>;
  /** The same value as bytes, for what need not be text. */
  valueIfAny(namespace: string, reference: SecretReference | undefined): Promise<Buffer | undefined>;
}

/** What reading Secrets needs. */
export interface SecretReaderOptions {
  readonly store: Pick<Store, "get">;
  readonly vault: Pick<Vault, "open">;
  /** The values of a Secret that lie in files and variables. */
  readonly outside: (entry: Entry) => readonly OutsideValue[];
  /** Where variables are read. */
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Told of every value that is read outside, so that it is kept out of everything that is shown. */
  readonly learn: (value: Buffer, key: string) => void;
}

/** As much as one message holds of everything else. */
const fileBytesMax = 1_048_576;

/** Makes a reader over the store's cache. */
export function createSecretReader(options: SecretReaderOptions): SecretReader {
  const find = (namespace: string, name: string) => options.store.get({ ...secretType, namespace, name });
  const value = (namespace: string, { name, key }: SecretReference) => {
    const entry = find(namespace, name);
    if (!entry) throw notFound(namespace, name);
    return readValue(entry, key, options);
  };
  const reader: SecretReader = {
    async read(namespace, name) {
      const entry = find(namespace, name);
      if (!entry) return undefined;
      const values = new Map<string, Buffer>();
      for (const key of keysOf(entry, options)) values.set(key, await readValue(entry, key, options));
      return values;
    },
    async all(namespace, name) {
      const values = await reader.read(namespace, name);
      if (values) return values;
      throw notFound(namespace, name);
    },
    async text(namespace, reference) {
      return (await value(namespace, reference)).toString("utf8");
    },
    async textIfAny(namespace, reference) {
      return (await reader.valueIfAny(namespace, reference))?.toString("utf8");
    },
    async valueIfAny(namespace, reference) {
      if (reference === undefined) return undefined;
      const { name, key, optional } = reference;
      const entry = find(namespace, name);
      if (optional && !(entry && keysOf(entry, options).includes(key))) return undefined;
      return value(namespace, reference);
    },
  };
  return reader;
}

function keysOf(entry: Entry, { outside }: SecretReaderOptions): string[] {
  return [...new Set([...Object.keys(entry.object.data ?? {}), ...outside(entry).map(({ key }) => key)])];
}

async function readValue(entry: Entry, key: string, options: SecretReaderOptions): Promise<Buffer> {
  const elsewhere = options.outside(entry).find((each) => each.key === key);
  if (elsewhere) {
    const value = await outsideValue(entry.id, elsewhere, options);
    options.learn(value, key);
    return value;
  }
  const opened = options.vault.open(entry).get(key);
  if (opened?.kind === "opened") return opened.value;
  throw opened === undefined ? missing(entry.id, key, keysOf(entry, options)) : sealedFault(entry.id, key, opened);
}

async function outsideValue(id: ObjectId, value: OutsideValue, { env }: SecretReaderOptions): Promise<Buffer> {
  const whose = `the value of "${value.key}" in ${shown(id)} comes from`;
  switch (value.kind) {
    case "variable": {
      const text = env[value.name];
      if (text !== undefined && text !== "") return Buffer.from(text);
      const state = text === "" ? "is empty" : "is not set";
      const message = `${whose} the variable ${value.name}, which ${state} where the server runs; set it and start the server again`;
      throw new SecretFault("SECRET_SOURCE_UNREADABLE", message);
    }
    case "file": {
      const { path } = value;
      const read = await readSmall(path).catch((failure: unknown) => {
        const message = `${whose} the file ${path}, which cannot be read: ${messageOf(failure)}; check the path and who may read it`;
        throw new SecretFault("SECRET_SOURCE_UNREADABLE", message, { cause: failure });
      });
      return withoutLastLineEnd(read);
    }
    default:
      return value satisfies never;
  }
}

async function readSmall(path: string): Promise<Buffer> {
  const found = await stat(path);
  // A pipe would be waited for, and a device may have no end.
  if (!found.isFile()) throw new TypeError("expected a file, it is something else");
  const { size } = found;
  if (size > fileBytesMax) throw new RangeError(`expected at most ${fileBytesMax} bytes, it has ${size}`);
  return readFile(path);
}

/** Editors and `echo` end a file with a line end, which no password has. */
function withoutLastLineEnd(bytes: Buffer): Buffer {
  if (bytes.at(-1) !== 0x0a) return bytes;
  return bytes.subarray(0, bytes.at(-2) === 0x0d ? -2 : -1);
}

function shown({ namespace, name }: Pick<ObjectId, "namespace" | "name">): string {
  return `secret ${namespace}/${name}`;
}

function notFound(namespace: string, name: string): SecretFault {
  const message = `${shown({ namespace, name })} does not exist; apply it, or mend the reference to it`;
  return new SecretFault("SECRET_NOT_FOUND", message);
}

function missing(id: ObjectId, key: string, present: readonly string[]): SecretFault {
  const has = present.length === 0 ? "it has none" : `it has ${present.map((each) => `"${each}"`).join(", ")}`;
  const message = `${shown(id)} has no key "${key}" (${has}); add it, or mend the reference to it`;
  return new SecretFault("SECRET_VALUE_MISSING", message);
}

function sealedFault(id: ObjectId, key: string, opened: Exclude<Opened, { kind: "opened" }>): SecretFault {
  const what = `the value of "${key}" in ${shown(id)}`;
  switch (opened.kind) {
    case "wrong-key": {
      const way = "start the server with that key file (--secret-key-file), or apply the secret again";
      return new SecretFault("SECRET_KEY_WRONG", `${what} was sealed with another key (${opened.keyId}); ${way}`);
    }
    case "tampered": {
      const message = `${what} was changed in the store, or taken from another object; apply the secret again`;
      return new SecretFault("SECRET_TAMPERED", message);
    }
    case "unreadable": {
      const message = `${what} is not stored in a form that this version knows; start a newer version, or apply the secret again`;
      return new SecretFault("SECRET_UNREADABLE", message);
    }
    default:
      return opened satisfies never;
  }
}
