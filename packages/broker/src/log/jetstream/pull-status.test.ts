import { headers } from "@nats-io/transport-node";
import { expect, test } from "vitest";
import { readPullStatus } from "./pull-status.ts";

test.each([
  [408, "Request Timeout", "7", { kind: "ended", left: 7 }],
  [408, "Request Timeout", "", { kind: "ended", left: 10 }],
  [404, "No Messages", "", { kind: "ended", left: 10 }],
  [409, "Consumer Deleted", "", { kind: "gone" }],
  [409, "Exceeded MaxWaiting", "", { kind: "refused", left: 10 }],
  [409, "Exceeded MaxAckPending", "", { kind: "refused", left: 10 }],
  [409, "Leadership Change", "3", { kind: "refused", left: 3 }],
  [503, "No Responders", "", { kind: "gone" }],
  [400, "Bad Request", "", { kind: "gone" }],
  [100, "Idle Heartbeat", "", { kind: "nothing" }],
])("pull status: %i %s with %j pending", (code, text, pending, status) => {
  const came = headers(code, text);
  if (pending !== "") came.set("Nats-Pending-Messages", pending);
  expect(readPullStatus(came, 10)).toEqual(status);
});

test("pull status: a message without a status says nothing", () => {
  expect(readPullStatus(undefined, 10)).toEqual({ kind: "nothing" });
});
