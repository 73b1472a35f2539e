import { randomBytes } from "node:crypto";
import { link, mkdir, open, unlink, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { messageOf } from "@rouse/base";
import type { StorageConfig } from "../config.ts";
import { keyBytes, type SealingKey, sealingKey } from "./seal.ts";
import { SecretFault } from "./secret-fault.ts";

/** The keys of a server: what is written is sealed with the first one, all of them open. Empty: none was given. */
export type SealingKeys = readonly SealingKey[];

/** What decides which keys a server has. */
export interface SecretKeyConfig {
  readonly storage: Pick<StorageConfig, "kind">;
  readonly dataDir: string;
  /** The key; with NATS servers of somebody else it must be given, the same to all processes that share them. */
  readonly secretKeyFile?: string;
  /** The key before it, for what is not sealed anew yet. */
  readonly secretKeyFilePrevious?: string;
}

const way = "make one with: openssl rand -out FILE 32 && chmod 600 FILE";

/** Where a server makes its own key below its data folder. */
export function ownKeyFile(dataDir: string): string {
  return join(dataDir, "secret.key");
}

/**
 * The keys of a server. One that keeps its data by itself makes a key at first start; one that keeps nothing has a key
 * that ends with the process; one on somebody else's NATS has what it is given. Throws SECRET_KEY_INVALID and
 * SECRET_KEY_EXPOSED.
 */
export async function openSealingKeys(config: SecretKeyConfig): Promise<SealingKeys> {
  const { secretKeyFile, secretKeyFilePrevious } = config;
  const current = secretKeyFile === undefined ? await ownKey(config) : await readKeyFile(secretKeyFile);
  const previous = secretKeyFilePrevious === undefined ? undefined : await readKeyFile(secretKeyFilePrevious);
  return [current, previous].filter((key) => key !== undefined);
}

function ownKey({ storage, dataDir }: SecretKeyConfig): Promise<SealingKey> | SealingKey | undefined {
  switch (storage.kind) {
    case "memory":
      return sealingKey(randomBytes(keyBytes));
    case "managed":
      return madeKey(ownKeyFile(dataDir));
    case "nats":
      return undefined;
    default:
      return storage.kind satisfies never;
  }
}

/** Two processes that start at once agree: the file appears whole, and only where there is none. */
async function madeKey(file: string): Promise<SealingKey> {
  await mkdir(dirname(file), { recursive: true, mode: 0o700 });
  const draft = `${file}.${randomBytes(6).toString("hex")}`;
  await writeFile(draft, randomBytes(keyBytes), { mode: 0o600 });
  try {
    await link(draft, file);
  } catch (failure) {
    if ((failure as NodeJS.ErrnoException).code !== "EEXIST") throw failure;
  } finally {
    await unlink(draft);
  }
  return readKeyFile(file);
}

/**
 * Reads a key file: 32 bytes, or their base64 or hexadecimal text. Its group may read it, as container platforms mount
 * files; everyone else may not. Throws SECRET_KEY_INVALID and SECRET_KEY_EXPOSED.
 */
export async function readKeyFile(path: string): Promise<SealingKey> {
  const { bytes, mode } = await readWithMode(path);
  if ((mode & 0o027) !== 0) {
    const got = (mode & 0o777).toString(8).padStart(4, "0");
    throw new SecretFault(
      "SECRET_KEY_EXPOSED",
      `expected the key file ${path} to be closed to others, its mode is ${got}`,
      {
        hint: `chmod 600 ${path}`,
      },
    );
  }
  const key = decoded(bytes);
  if (key) return sealingKey(key);
  const expected = `expected ${keyBytes} bytes, or their base64 or hexadecimal text, in the key file ${path}`;
  throw new SecretFault("SECRET_KEY_INVALID", `${expected}, got ${bytes.length} bytes of another form`, { hint: way });
}

/** Mode and content of one and the same file, whatever happens to its name in between. */
async function readWithMode(path: string): Promise<{ readonly bytes: Buffer; readonly mode: number }> {
  try {
    await using file = await open(path, "r");
    return { bytes: await file.readFile(), mode: (await file.stat()).mode };
  } catch (failure) {
    throw new SecretFault("SECRET_KEY_INVALID", `the key file ${path} cannot be read: ${messageOf(failure)}`, {
      hint: `check the path and who may read it, or ${way}`,
      cause: failure,
    });
  }
}

function decoded(bytes: Buffer): Buffer | undefined {
  if (bytes.length === keyBytes) return bytes;
  const text = bytes.toString("latin1").trim();
  if (/^[0-9a-fA-F]{64}$/.test(text)) return Buffer.from(text, "hex");
  return /^[\w+/-]{43}=?$/.test(text) ? Buffer.from(text, "base64") : undefined;
}
