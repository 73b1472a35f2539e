import { expect, test } from "vitest";
import { connectionOfNet } from "./kafka.ts";

test("kafka connection: what a Secret gives in place of a SASL mechanism is not told", async () => {
  const value = { secretKeyRef: { name: "kafka", key: "pin" } };
  const secrets = { all: async () => new Map<string, Buffer>(), textIfAny: async () => "1234" };
  const net = { sasl: { enable: true, type: value, user: value, password: value } };
  const failure = await connectionOfNet(["127.0.0.1:9092"], net, "shop", secrets).catch((thrown: unknown) => thrown);
  expect(String(failure)).toContain("is not one of PLAIN, SCRAM-SHA-256, SCRAM-SHA-512, OAUTHBEARER");
  expect(String(failure)).not.toContain("1234");
});
