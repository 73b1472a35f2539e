import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, test } from "vitest";
import { readOwned, writeOwned } from "./owned-file.ts";
import type { Owned } from "./plan.ts";

const owned: Owned = {
  identity: "Secret default/shop",
  kind: "Secret",
  apiVersion: "v1",
  namespace: "default",
  name: "shop",
  file: "/shop.yaml",
  fingerprint: "digest-of-a-password",
};

test("owned file: what was applied is known to the next run, without digests of what it held", async () => {
  const folder = await mkdtemp(join(tmpdir(), "rouse-"));
  try {
    await writeOwned(folder, new Map([[owned.identity, owned]]));
    expect(await readFile(join(folder, "applied.json"), "utf8")).not.toContain(owned.fingerprint);
    expect([...(await readOwned(folder)).values()]).toEqual([{ ...owned, fingerprint: "" }]);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
});
