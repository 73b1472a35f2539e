import { expect, test } from "vitest";
import { isAckSubject, parseAckSubject } from "./ack-subject.ts";

const told = { deliveries: 2, sequence: 17, storedAt: 1_767_225_600_123, pending: 5 };

test.each([
  ["of nine tokens", "$JS.ACK.S.C.2.17.9.1767225600123456789.5"],
  ["with domain and account", "$JS.ACK.hub.ABC.S.C.2.17.9.1767225600123456789.5"],
  ["with domain, account and a last token", "$JS.ACK._.ABC.S.C.2.17.9.1767225600123456789.5.xyz"],
])("ack subject: %s", (_, reply) => {
  expect(isAckSubject(reply)).toBe(true);
  expect(parseAckSubject(reply)).toEqual(told);
});

test("ack subject: a status message has none", () => {
  expect([isAckSubject(undefined), isAckSubject(""), isAckSubject("_INBOX.x")]).toEqual([false, false, false]);
});
