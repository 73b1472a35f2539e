import { ManualClock } from "@rouse/base";
import type { InstanceAcquired } from "@rouse/serving-client";
import { expect, test } from "vitest";
import { createDataPlane, type DataPlaneParts } from "./data-plane.ts";
import {
  call,
  FakeServices,
  rawConnection,
  soon,
  startApp,
  startDataPlane,
  token,
} from "./service-fixtures.testing.ts";

const at = "/-/services/default/app";
const stranger = "203.0.113.7";
const open = { dataPlane: { host: "127.0.0.1", port: 0 } };
const guarded = { dataPlane: { host: "0.0.0.0", port: 0 }, dataPlaneToken: token };
const bearer = { authorization: `Bearer ${token}` };

async function planeOf(services: FakeServices, config: DataPlaneParts["config"], loaded = true) {
  const app = await createDataPlane({
    config,
    brokers: { find: () => undefined },
    configuration: { loaded },
    engine: { kind: "memory", maxMessageBytes: 1024 },
    services,
  });
  return Object.assign(app, { [Symbol.asyncDispose]: () => app.close() });
}

const held: InstanceAcquired = { kind: "held", reason: "NotWanted", retryAfterMs: 2_500 };

test("service routes: who may call what, from here and from elsewhere, with and without token", async () => {
  const services = new FakeServices();
  services.acquireAs = () => held;
  await using plain = await planeOf(services, open);
  await using safe = await planeOf(services, guarded);
  const wrong = { authorization: "Bearer something-else" };
  for (const [plane, remoteAddress, headers, app, hidden, nobody] of [
    [plain, "127.0.0.1", {}, 503, 403, 404],
    [plain, "127.0.0.1", bearer, 503, 403, 404],
    [safe, "127.0.0.1", {}, 503, 403, 404],
    [safe, "127.0.0.1", wrong, 503, 403, 404],
    [safe, "127.0.0.1", bearer, 503, 503, 404],
    [safe, stranger, {}, 503, 401, 401],
    [safe, stranger, wrong, 503, 401, 401],
    [safe, stranger, bearer, 503, 503, 404],
  ] as const) {
    for (const byHost of [false, true]) {
      const statuses = await Promise.all(
        ["app", "hidden", "nobody", "Not_A_Name"].map(async (name) => {
          const url = byHost ? "/-/healthz" : `/-/services/default/${name}/x`;
          const host = byHost ? `${name}.default.svc.rouse.internal` : "localhost";
          const response = await plane.inject({
            method: "POST",
            url,
            headers: { ...headers, host },
            payload: "x",
            remoteAddress,
          });
          expect(response.headers["content-type"]).toBe("application/problem+json");
          expect(response.headers["www-authenticate"]).toBe(response.statusCode === 401 ? "Bearer" : undefined);
          return response.statusCode;
        }),
      );
      expect([remoteAddress, headers, statuses]).toEqual([remoteAddress, headers, [app, hidden, nobody, nobody]]);
    }
  }
});

test("service routes: a stranger is told the same of a private Service as of none, also while the configuration loads", async () => {
  const services = new FakeServices();
  services.acquireAs = () => held;
  for (const loaded of [true, false]) {
    await using plane = await planeOf(services, guarded, loaded);
    const ask = async (name: string) => {
      const response = await plane.inject({ url: `/-/services/default/${name}`, remoteAddress: stranger });
      const { date, ...headers } = response.headers;
      return [response.statusCode, headers, response.payload];
    };
    const hidden = await ask("hidden");
    expect(hidden).toEqual(await ask("nobody"));
    expect(hidden[0]).toBe(loaded ? 401 : 503);
  }
});

test("service routes: the data plane's token does not get to the app, the app's own does", async () => {
  await using app = await startApp((req, res) => void res.end(req.headers.authorization ?? "none"));
  const services = new FakeServices(app.origin);
  await using plane = await startDataPlane(services, { config: { ...open, dataPlaneToken: token } });
  const hidden = await call(plane.port, "/-/services/default/hidden", { headers: bearer });
  expect(await hidden.body()).toBe("none");
  const own = await call(plane.port, at, { headers: { authorization: "Bearer own" } });
  expect(await own.body()).toBe("Bearer own");
});

test("service routes: what cannot start is 503 with one word of the reason and nothing that it printed", async () => {
  const services = new FakeServices();
  await using plane = await startDataPlane(services);
  const failure = { reason: "ExitedBeforeReady", message: "exit 1: password is s3cret", since: 0 };
  for (const [acquired, detail] of [
    [{ ...held, reason: failure.message, failure }, "the service has no instance now: ExitedBeforeReady"],
    [{ ...held, reason: "no slots; s3cret" }, "the service has no instance now"],
    [{ ...held, reason: "NoHost" }, "the service has no instance now: NoHost"],
  ] as const) {
    services.acquireAs = () => acquired;
    const answer = await call(plane.port, at);
    const body = await answer.body();
    expect(JSON.parse(body)).toMatchObject({ status: 503, code: "SERVER_SERVICE_UNAVAILABLE", detail });
    expect(answer.headers).toMatchObject({
      "retry-after": "3",
      "server-timing": expect.stringMatching(/^held;dur=\d/),
    });
    expect(body).not.toContain("s3cret");
  }
  services.acquireAs = () => Promise.reject(new Error("closed: s3cret"));
  const broken = await call(plane.port, at);
  expect([broken.status, (await broken.body()).includes("s3cret")]).toEqual([503, false]);
});

test("service routes: a call is held as long as a start may take, then it is 503", async () => {
  const clock = new ManualClock();
  const services = new FakeServices();
  services.acquireAs = (_key, signal) =>
    new Promise((_resolve, reject) => signal.addEventListener("abort", () => reject(signal.reason)));
  await using plane = await startDataPlane(services, { clock });
  const waiting = call(plane.port, at);
  await soon(() => services.keys.length).toBe(1);
  await clock.advance(9_999);
  await clock.advance(1);
  const answer = await waiting;
  expect(answer.headers).toMatchObject({ "retry-after": "5", "server-timing": "held;dur=10000.0" });
  expect(JSON.parse(await answer.body())).toMatchObject({ status: 503, code: "SERVER_SERVICE_UNAVAILABLE" });
  expect(clock.timers).toBe(0);
});

test("service routes: a caller that goes away while it waits is waited for no longer, and a lease that comes late is given back", async () => {
  const services = new FakeServices("http://127.0.0.1:9");
  let give = () => {};
  let aborted = false;
  services.acquireAs = (_key, signal) =>
    new Promise((resolve) => {
      signal.addEventListener("abort", () => {
        aborted = true;
      });
      give = () => resolve(services.lease());
    });
  await using plane = await startDataPlane(services);
  const { socket } = await rawConnection(plane.port);
  socket.write(`GET ${at} HTTP/1.1\r\nhost: a\r\n\r\n`);
  await soon(() => services.keys.length).toBe(1);
  socket.destroy();
  await soon(() => aborted).toBe(true);
  give();
  await services.idle();
});

test("service routes: no more calls wait than ten for each slot and a hundred", async () => {
  const services = new FakeServices();
  services.facts.app = { visibility: "public", startTimeoutMs: 10_000, slots: 1 };
  services.acquireAs = (_key, signal) =>
    new Promise((_resolve, reject) => signal.addEventListener("abort", () => reject(signal.reason)));
  await using plane = await startDataPlane(services);
  const { socket, said } = await rawConnection(plane.port);
  const others = await Promise.all(Array.from({ length: 110 }, () => rawConnection(plane.port)));
  for (const other of others) other.socket.write(`GET ${at} HTTP/1.1\r\nhost: a\r\n\r\n`);
  await soon(() => services.keys.length).toBe(110);
  socket.write(`GET ${at} HTTP/1.1\r\nhost: a\r\n\r\n`);
  await soon(said).toMatch(/^HTTP\/1\.1 503 [\s\S]*retry-after: 1[\s\S]*SERVER_SERVICE_BUSY/);
  expect(services.keys.length).toBe(110);
  others[0]?.socket.destroy();
  await soon(async () => {
    socket.write(`GET ${at} HTTP/1.1\r\nhost: a\r\n\r\n`);
    await new Promise((resolve) => setImmediate(resolve));
    return services.keys.length;
  }).toBe(111);
  for (const other of [...others, { socket }]) other.socket.destroy();
});

test.each([
  [
    "both lengths",
    `POST ${at} HTTP/1.1\r\nhost: a\r\ncontent-length: 4\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\n`,
  ],
  ["two lengths", `POST ${at} HTTP/1.1\r\nhost: a\r\ncontent-length: 1\r\ncontent-length: 2\r\n\r\nab`],
  ["a coding that is not chunked last", `POST ${at} HTTP/1.1\r\nhost: a\r\ntransfer-encoding: chunked, x\r\n\r\nab`],
  ["a space before the colon", `GET ${at} HTTP/1.1\r\nhost : a\r\n\r\n`],
  ["a null in a header", `GET ${at} HTTP/1.1\r\nhost: a\r\nx: 1\u0000\r\n\r\n`],
  ["no host", `GET ${at} HTTP/1.1\r\n\r\n`],
  ["two hosts", `GET ${at} HTTP/1.1\r\nhost: a\r\nhost: b\r\n\r\n`],
  ["an absolute URL", "GET http://127.0.0.1:1/x HTTP/1.1\r\nhost: app.default.localhost\r\n\r\n"],
  ["an asterisk", "OPTIONS * HTTP/1.1\r\nhost: app.default.localhost\r\n\r\n"],
  ["a bad chunk", `POST ${at} HTTP/1.1\r\nhost: a\r\ntransfer-encoding: chunked\r\n\r\nzz\r\n`],
])("service routes: %s never reaches an app as a whole request", async (_what, bytes) => {
  let whole = 0;
  await using app = await startApp(async (req, res) => {
    for await (const _ of req);
    whole += 1;
    res.end();
  });
  await using plane = await startDataPlane(new FakeServices(app.origin));
  const { socket, said } = await rawConnection(plane.port);
  socket.end(bytes);
  await soon(said).toMatch(/^HTTP\/1\.1 4\d\d /);
  expect(whole).toBe(0);
});

test("service routes: headers that are too large are 431, from caller and app alike none passes", async () => {
  await using app = await startApp((_req, res) => void res.writeHead(200, { big: "x".repeat(20_000) }).end());
  await using plane = await startDataPlane(new FakeServices(app.origin));
  expect((await call(plane.port, at, { headers: { big: "x".repeat(20_000) } })).status).toBe(431);
  expect((await call(plane.port, at)).status).toBe(502);
});

test("service routes: a path short of a Service is 404", async () => {
  await using plane = await planeOf(new FakeServices(), open);
  for (const url of ["/-/services", "/-/services/default", "/%2D/services/default/app"]) {
    expect([url, (await plane.inject({ url })).statusCode]).toEqual([url, expect.toBeOneOf([400, 404])]);
  }
});
