import fc from "fast-check";
import { expect, test } from "vitest";
import { Redactor } from "./redactor.ts";

function knowing(...values: string[]) {
  const redactor = new Redactor();
  for (const value of values) redactor.learn(Buffer.from(value));
  return redactor;
}

test("redactor: a value is taken out in every form in which it gets into texts", () => {
  const value = 'p@ss word/"1"';
  const redactor = knowing(value);
  const forms = [
    value,
    encodeURIComponent(value),
    JSON.stringify(value),
    Buffer.from(value).toString("base64"),
    Buffer.from(value).toString("base64url"),
  ];
  for (const form of forms)
    expect(redactor.text(`login with ${form} failed`)).toMatch(/^login with "?\[redacted\]"? failed$/);
});

test("redactor: of a URL with credentials the password is a value of its own", () => {
  const redactor = knowing("amqp://rouse:s3cr%2Ft-pass@mq.example.com/shop");
  expect(redactor.text("connect amqp://rouse:s3cr%2Ft-pass@mq.example.com/shop: refused")).toBe(
    "connect [redacted]: refused",
  );
  expect(redactor.text("PLAIN login as rouse / s3cr/t-pass")).toBe("PLAIN login as rouse / [redacted]");
  expect(redactor.text("//rouse:s3cr%2Ft-pass@mq")).toBe("//rouse:[redacted]@mq");
  expect(redactor.text("mq.example.com is away")).toBe("mq.example.com is away");
});

test("redactor: a longer value goes before a shorter one that is part of it", () => {
  expect(knowing("password", "password-and-more").text("password-and-more, password")).toBe("[redacted], [redacted]");
});

test("redactor: what is shorter than eight characters is not looked for, lest half of every text is taken out", () => {
  expect(knowing("guest", "").text("guest is no user")).toBe("guest is no user");
});

test("redactor: objects and bytes are cleaned inside, and stay the same where there is nothing", () => {
  const redactor = knowing("hunter2-hunter2");
  const clean = { a: [1, null, { b: "nothing" }], c: new Uint8Array([1]) };
  expect(redactor.json(clean)).toBe(clean);
  const dirty = { a: [{ b: "x hunter2-hunter2" }], c: Buffer.from("hunter2-hunter2!"), d: undefined };
  const cleaned = redactor.json(dirty);
  expect(cleaned.a).toEqual([{ b: "x [redacted]" }]);
  expect(Buffer.from(cleaned.c).toString()).toBe("[redacted]!");
  expect(new Redactor().json(dirty)).toBe(dirty);
});

test("redactor: no value that was learned is left in any text", () => {
  const value = fc.string({ unit: "grapheme", minLength: 8, maxLength: 30 }).filter((text) => text.trim().length >= 8);
  fc.assert(
    fc.property(value, fc.string(), (secret, around) => {
      const redactor = knowing(secret);
      expect(redactor.text(`${around}${secret}${around}`)).not.toContain(secret.trim());
    }),
    { numRuns: 100 },
  );
});

test("redactor: what is no secret by itself stays in messages, or they would tell nothing", () => {
  const redactor = new Redactor();
  redactor.learn(Buffer.from("SCRAM-SHA-512"), "sasl.mechanism");
  redactor.learn(Buffer.from("shop-user"), "user");
  redactor.learn(Buffer.from("shop-password"), "password");
  expect(redactor.text("SCRAM-SHA-512: shop-user with shop-password was refused")).toBe(
    "SCRAM-SHA-512: shop-user with [redacted] was refused",
  );
});

test("redactor: knows the password in an address that has no scheme", () => {
  const redactor = new Redactor();
  redactor.learn(Buffer.from("rouse:p%40ssword-1@rabbitmq.example.com:5672"));
  expect(redactor.text("login with p@ssword-1 failed")).toBe("login with [redacted] failed");
});
