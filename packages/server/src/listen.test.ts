import Fastify from "fastify";
import { expect, test } from "vitest";
import { listen, refuseUnprotected } from "./listen.ts";

const loopback = { host: "127.0.0.1", port: 8080 };

test("listen: a data plane beyond loopback is refused without a token, and taken with one", () => {
  const config = {
    dataPlane: { host: "0.0.0.0", port: 8080 },
    admin: loopback,
    adminAccess: { kind: "open" },
  } as const;
  expect(() => refuseUnprotected(config)).toThrow(expect.objectContaining({ code: "SERVER_UNPROTECTED" }));
  expect(refuseUnprotected({ ...config, dataPlaneToken: "secret" })).toBeUndefined();
});

test.each(["0.0.0.0", "192.168.1.4", "example.com"])("listen: an open admin listener on %s is refused", (host) => {
  const config = { dataPlane: loopback, admin: { host, port: 8081 }, adminAccess: { kind: "open" } } as const;
  expect(() => refuseUnprotected(config)).toThrow(expect.objectContaining({ code: "SERVER_UNPROTECTED" }));
});

test.each(["127.0.0.1", "127.3.2.1", "localhost", "::1"])("listen: an open admin listener on %s is taken", (host) => {
  const config = { dataPlane: loopback, admin: { host, port: 8081 }, adminAccess: { kind: "open" } } as const;
  expect(refuseUnprotected(config)).toBeUndefined();
});

test("listen: a port that is taken is named, with the way out", async () => {
  const first = Fastify();
  const url = await listen(first, { host: "127.0.0.1", port: 0 }, "http", "data plane");
  const port = Number(new URL(url).port);
  const second = Fastify();
  const failure = await listen(second, { host: "127.0.0.1", port }, "http", "data plane").catch((thrown) => thrown);
  expect(failure).toMatchObject({
    code: "SERVER_PORT_TAKEN",
    message: `the data plane cannot listen on 127.0.0.1:${port}: something else does`,
  });
  await Promise.all([first.close(), second.close()]);
});
