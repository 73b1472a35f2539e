import { expect, test } from "vitest";
import { readAckSubject } from "./ack-subject.ts";

const expected = { delivered: 2, sequence: 42, time: 1_767_225_600_123 };

test.each([
  ["the short form", "$JS.ACK.S.c.2.42.7.1767225600123456789.3", expected],
  ["the long form", "$JS.ACK.hub.Ab12.S.c.2.42.7.1767225600123456789.3.rnd", expected],
  ["the long form without a token at the end", "$JS.ACK._.Ab12.S.c.2.42.7.1767225600123456789.3", expected],
  ["something else", "_INBOX.x.y", undefined],
  ["nothing", undefined, undefined],
])("ack subject: %s is read", (_, reply, wanted) => {
  expect(readAckSubject(reply)).toEqual(wanted);
});
