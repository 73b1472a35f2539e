import { X509Certificate } from "node:crypto";
import { mkdtemp, rm, stat } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { systemClock } from "@rouse/base";
import { expect, test } from "vitest";
import { adminToken, adminTokenFile } from "./admin-token.ts";
import { adminCertificate, certificateFiles } from "./certificate.ts";
import { sameSecret } from "./same-secret.ts";

async function folder() {
  const path = await mkdtemp(join(tmpdir(), "rouse-security-"));
  return { path, [Symbol.asyncDispose]: () => rm(path, { recursive: true }) };
}

test("admin token: is made once, kept, and readable by its owner alone", async () => {
  await using data = await folder();
  const [first, second] = await Promise.all([adminToken(data.path), adminToken(data.path)]);
  expect(first).toBe(second);
  expect(first).toMatch(/^[\w-]{43}$/);
  expect((await stat(adminTokenFile(data.path))).mode & 0o777).toBe(0o600);
});

test("certificate: covers loopback and the given hosts, is kept, and its key is readable by its owner alone", async () => {
  await using data = await folder();
  const made = await adminCertificate(data.path, ["rouse.example.com"], systemClock);
  const certificate = new X509Certificate(made.cert);
  expect(certificate.checkHost("rouse.example.com")).toBe("rouse.example.com");
  expect(certificate.checkIP("127.0.0.1")).toBe("127.0.0.1");
  expect(await adminCertificate(data.path, [], systemClock)).toEqual(made);
  expect((await stat(certificateFiles(data.path).key)).mode & 0o777).toBe(0o600);
});

test("secrets: only the very same one is the same, whatever its length", () => {
  expect(sameSecret("Bearer abc", "Bearer abc")).toBe(true);
  for (const given of ["", "Bearer ab", "Bearer abcd", "bearer abc"])
    expect(sameSecret(given, "Bearer abc")).toBe(false);
});
