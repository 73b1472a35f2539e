import type { KafkaMessage } from "kafkajs";
import { expect, test } from "vitest";
import { consumedRecord, recordMessageId } from "./consumed-record.ts";

const message: KafkaMessage = {
  offset: "9007199254740993",
  timestamp: "1700000000000",
  key: null,
  value: Buffer.from("v"),
  attributes: 0,
  headers: { one: Buffer.from("1"), twice: [Buffer.from("a"), Buffer.from("b")], none: undefined },
};

test("consumed record: keeps duplicate headers in order, and those without value", () => {
  const { headers, ...rest } = consumedRecord("t", 3, message);
  expect(rest).toEqual({
    topic: "t",
    partition: 3,
    offset: "9007199254740993",
    timestamp: "1700000000000",
    key: null,
    value: Buffer.from("v"),
  });
  expect(headers).toEqual([
    ["one", Buffer.from("1")],
    ["twice", Buffer.from("a")],
    ["twice", Buffer.from("b")],
    ["none", null],
  ]);
});

test("consumed record: a header called like something that every object has keeps its value, alone", () => {
  const inherited = ["constructor", "toString", "__proto__"] as const;
  // As the client groups them.
  const grouped = inherited.map((name) => [name, [({} as Record<string, unknown>)[name], Buffer.from("v")]] as const);
  const headers = Object.fromEntries(grouped) as unknown as NonNullable<KafkaMessage["headers"]>;
  expect(consumedRecord("t", 0, { ...message, headers }).headers).toEqual(
    inherited.map((name) => [name, Buffer.from("v")]),
  );
});

test("consumed record: its message id names the place and the time of the record", () => {
  expect(recordMessageId("uid", "t", 3, message)).toBe("uid/t/3/9007199254740993/1700000000000");
});
