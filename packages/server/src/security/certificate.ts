import { mkdir, readFile, rename, writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { Clock } from "@rouse/base";

/** A certificate and its key, in PEM. */
export interface Certificate {
  readonly cert: string;
  readonly key: string;
}

const lifetimeMs = 3_650 * 86_400_000;

/** Where the certificate of the admin listener lies below a data folder. */
export function certificateFiles(dataDir: string): { readonly cert: string; readonly key: string } {
  return { cert: join(dataDir, "admin.crt"), key: join(dataDir, "admin.key") };
}

/**
 * The certificate of the admin listener, made at first start and kept: for loopback and the given host names, valid for
 * ten years. The key's file is readable by its owner alone.
 */
export async function adminCertificate(dataDir: string, hosts: readonly string[], clock: Clock): Promise<Certificate> {
  const files = certificateFiles(dataDir);
  try {
    return { cert: await readFile(files.cert, "utf8"), key: await readFile(files.key, "utf8") };
  } catch (failure) {
    if ((failure as NodeJS.ErrnoException).code !== "ENOENT") throw failure;
  }
  // 11 MiB of memory for something that happens once in the life of an installation.
  const { generate } = await import("selfsigned");
  const made = await generate([{ name: "commonName", value: "rouse admin" }], {
    algorithm: "sha256",
    keyType: "ec",
    notAfterDate: new Date(clock.now() + lifetimeMs),
    extensions: [
      { name: "basicConstraints", cA: true },
      { name: "subjectAltName", altNames: ["localhost", "127.0.0.1", "::1", ...hosts].map(altName) },
    ],
  });
  await mkdir(dataDir, { recursive: true, mode: 0o700 });
  await writeWhole(files.key, made.private, 0o600);
  await writeWhole(files.cert, made.cert, 0o644);
  return { cert: made.cert, key: made.private };
}

function altName(host: string): { type: 2; value: string } | { type: 7; ip: string } {
  return /^[\d.]+$|:/.test(host) ? { type: 7, ip: host } : { type: 2, value: host };
}

/** A reader never sees half a file: written beside, then renamed. */
async function writeWhole(file: string, text: string, mode: number): Promise<void> {
  await writeFile(`${file}.${process.pid}`, text, { mode });
  await rename(`${file}.${process.pid}`, file);
}
