import { randomBytes } from "node:crypto";
import { chmod, link, mkdir, readFile, unlink, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";

/** Where the token of the admin listener lies below a data folder. */
export function adminTokenFile(dataDir: string): string {
  return join(dataDir, "token");
}

/**
 * The admin token, made at first start: 32 random bytes in a file that only its owner can read (mode 0600). Two processes
 * that start at once agree: the file appears whole, and only where there is none.
 */
export async function adminToken(dataDir: string): Promise<string> {
  const file = adminTokenFile(dataDir);
  await mkdir(dirname(file), { recursive: true, mode: 0o700 });
  const draft = `${file}.${randomBytes(6).toString("hex")}`;
  await writeFile(draft, `${randomBytes(32).toString("base64url")}\n`, { mode: 0o600 });
  try {
    await link(draft, file);
  } catch (failure) {
    if ((failure as NodeJS.ErrnoException).code !== "EEXIST") throw failure;
    await chmod(file, 0o600);
  } finally {
    await unlink(draft);
  }
  return (await readFile(file, "utf8")).trim();
}
