import { expect, test } from "vitest";
import { ownStreams, ownSubjects } from "./own-nats.ts";

test.each([
  ...[">", "*.created", "rouse.>", "rouse.*.a", "rouse.log.default.default.1", "rouse.dead.>"],
  ...[
    "$KV.>",
    "$KV.*.a",
    "$KV.ROUSE_OBJECTS.>",
    "_INBOX.>",
    "_INBOX.*.1",
    "$JS.>",
    "$JS.API.>",
    "$JS.ACK.>",
    "$JS.*.a",
  ],
])("own nats: %s is not listened to, for it would bring in what rouse does", (subject) => {
  expect(ownSubjects("rouse")(subject)).toContain("come in again for ever");
});

test.each(["orders.>", "rouse.orders", "rouse2.log.a", "$KV.profiles.>", "$JS.EVENT.ADVISORY.>", "INBOX.>"])(
  "own nats: %s is somebody else's",
  (subject) => {
    expect(ownSubjects("rouse")(subject)).toBeUndefined();
  },
);

test("own nats: streams and buckets of the installation are not read, others are", () => {
  const forbidden = ownStreams("rouse");
  for (const name of ["ROUSE_LOG_default", "KV_ROUSE_OBJECTS"]) expect(forbidden(name)).toContain(name);
  for (const name of ["ORDERS", "KV_profiles", "ROUSED"]) expect(forbidden(name)).toBeUndefined();
});
