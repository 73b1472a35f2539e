import { headers } from "@nats-io/transport-node";
import { expect, test } from "vitest";
import { decodeHeaders, encodeHeaders, parseHeaders } from "./wire-headers.ts";

test("wire headers: are written as NATS wants them, with the message id", () => {
  const text = Buffer.from(encodeHeaders({ "ce-id": "a%20b", "content-type": "text/plain" }, "m1")).toString();
  expect(text).toBe("NATS/1.0\r\nce-id: a%20b\r\ncontent-type: text/plain\r\nNats-Msg-Id: m1\r\n\r\n");
  expect(parseHeaders(text)).toEqual({ "ce-id": "a%20b", "content-type": "text/plain" });
});

test("wire headers: a line break is refused", () => {
  expect(() => encodeHeaders({ "ce-id": "a\r\nce-type: forged" }, "m")).toThrow(TypeError);
  expect(() => encodeHeaders({ "ce-id\n": "a" }, "m")).toThrow(TypeError);
  expect(() => encodeHeaders({}, "m\rx: y")).toThrow(TypeError);
});

test("wire headers: names come in lower case, the first value counts, the server's own are left out", () => {
  const came = headers();
  came.append("CE-Id", "1");
  came.append("CE-Id", "2");
  came.append("Nats-Msg-Id", "x");
  expect(decodeHeaders(came)).toEqual({ "ce-id": "1" });
  expect(decodeHeaders(undefined)).toEqual({});
});
