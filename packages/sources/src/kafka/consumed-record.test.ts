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

test("consumed record: its message id names the place and the time of the record", () => {
  expect(recordMessageId("uid", "t", 3, message)).toBe("uid/t/3/9007199254740993/1700000000000");
});
