import fc from "fast-check";
import { expect, test } from "vitest";
import { isSealed, keyBytes, nonceBytes, open, seal, sealingKey } from "./seal.ts";

const key = sealingKey(new Uint8Array(keyBytes).fill(7));
const other = sealingKey(new Uint8Array(keyBytes).fill(8));
const nonce = new Uint8Array(nonceBytes).fill(1);
const place = ["default", "kafka", "uid-1", "password"];
const sealed = seal(Buffer.from("hunter2-hunter2"), key, place, nonce);

test("seal: any value opens again, and its text shows neither the value nor the key", () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 200 }), fc.uint8Array({ minLength: 12, maxLength: 12 }), (value, nonce) => {
      const text = seal(value, key, place, nonce);
      expect(isSealed(text)).toBe(true);
      expect(open(text, [other, key], place)).toEqual({ kind: "opened", value: Buffer.from(value) });
    }),
    { numRuns: 50 },
  );
  expect(sealed).not.toContain("hunter2");
  expect(sealed).not.toContain(Buffer.from("hunter2").toString("base64url").slice(0, 8));
  expect(sealed).toMatch(/^sealed:v1:[0-9a-f]{8}:[\w-]+$/);
});

test("seal: its form is kept from version to version", () => {
  expect(sealed).toBe("sealed:v1:05be6735:AQEBAQEBAQEBAQEBHpTnw_XN3iO5obJVFUVCrUQK4g-KEgSDGWQXQDpklA");
});

test("open: another key is told apart from a value that was changed, and from what is no sealed value", () => {
  expect(open(sealed, [other], place)).toEqual({ kind: "wrong-key", keyId: key.id });
  expect(open(sealed, [], place)).toEqual({ kind: "wrong-key", keyId: key.id });
  for (const at of [sealed.length - 2, 40, 20]) {
    const letter = sealed[at] === "A" ? "B" : "A";
    expect(open(sealed.slice(0, at) + letter + sealed.slice(at + 1), [key], place)).toEqual({ kind: "tampered" });
  }
  for (const text of ["", "aHVudGVy", "sealed:v2:00000000:AAAA", sealed.slice(0, 40), `${sealed}=`]) {
    expect(open(text, [key], place)).toEqual({ kind: "unreadable" });
  }
});

test("open: a value that was moved to another object or another key of it does not open", () => {
  for (const [at] of place.entries()) {
    const moved = place.with(at, `${place[at]}x`);
    expect(open(sealed, [key], moved)).toEqual({ kind: "tampered" });
  }
  expect(open(sealed, [key], ["defaul", "tkafka", "uid-1", "password"])).toEqual({ kind: "tampered" });
});

test("sealing key: another length is refused", () => {
  expect(() => sealingKey(new Uint8Array(16))).toThrow("expected a key of 32 bytes, got 16");
});
