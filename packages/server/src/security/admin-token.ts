import { randomBytes } from "node:crypto";
import { chmod, mkdir, open, readFile } from "node:fs/promises";
import { dirname, join } from "node:path";

/** Where the token of the admin listener lies below a data folder. */
export function adminTokenFile(dataDir: string): string {
  return join(dataDir, "token");
}

/**
 * The admin token, made at first start: 32 random bytes in a file that only its owner can read (mode 0600). Two processes
 * that start at once agree, because the file is created only where there is none.
 */
export async function adminToken(dataDir: string): Promise<string> {
  const file = adminTokenFile(dataDir);
  await mkdir(dirname(file), { recursive: true, mode: 0o700 });
  try {
    const handle = await open(file, "wx", 0o600);
    await handle.writeFile(`${randomBytes(32).toString("base64url")}\n`);
    await handle.close();
  } catch (failure) {
    if ((failure as NodeJS.ErrnoException).code !== "EEXIST") throw failure;
    await chmod(file, 0o600);
  }
  return (await readFile(file, "utf8")).trim();
}
