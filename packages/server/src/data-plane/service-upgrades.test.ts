import { once } from "node:events";
import { request } from "node:http";
import { type AddressInfo, createServer as createTcpServer, type Socket } from "node:net";
import { ManualClock } from "@rouse/base";
import { expect, test } from "vitest";
import { WebSocket, WebSocketServer } from "ws";
import {
  call,
  deadOrigin,
  FakeServices,
  rawConnection,
  soon,
  startApp,
  startDataPlane,
  token,
} from "./service-fixtures.testing.ts";

const at = "/-/services/default/app";
const handshake = (path: string, more = "") =>
  `GET ${path} HTTP/1.1\r\nhost: a\r\nupgrade: websocket\r\nconnection: Upgrade\r\nsec-websocket-version: 13\r\nsec-websocket-key: dGhlIHNhbXBsZSBub25jZQ==\r\n${more}\r\n`;

/** An app that sends back what it is sent, with the path first. */
async function startEcho() {
  const app = await startApp((_req, res) => void res.writeHead(404).end());
  const sockets = new WebSocketServer({ server: app.server });
  const seen: typeof import("node:http").IncomingMessage.prototype[] = [];
  sockets.on("connection", (socket, req) => {
    seen.push(req);
    socket.send(req.url ?? "");
    socket.on("message", (data, isBinary) => socket.send(data, { binary: isBinary }));
    socket.on("error", () => undefined);
  });
  return { ...app, sockets, seen };
}

/** The events of a WebSocket's upgrade. */
async function opened(url: string, options = {}) {
  const socket = new WebSocket(url, options);
  const upgrade = once(socket, "upgrade");
  const first = once(socket, "message");
  await once(socket, "open");
  const [answer] = await upgrade;
  const [message] = await first;
  return { socket, answer, first: String(message), [Symbol.dispose]: () => socket.terminate() };
}

async function refusal(url: string, options = {}) {
  const socket = new WebSocket(url, options);
  socket.on("error", () => undefined);
  const [, answer] = await once(socket, "unexpected-response");
  const body = String((await answer.toArray()).join(""));
  return { status: answer.statusCode, headers: answer.headers, body };
}

test("websocket: messages pass both ways, and the lease is held until it closes", async () => {
  await using app = await startEcho();
  const services = new FakeServices(app.origin);
  await using plane = await startDataPlane(services);
  for (const [url, options, path] of [
    [`ws://127.0.0.1:${plane.port}${at}/chat?x=1`, {}, "/chat?x=1"],
    [`ws://127.0.0.1:${plane.port}/-/healthz`, { headers: { host: "app.default.localhost" } }, "/-/healthz"],
  ] as const) {
    using open = await opened(url, options);
    expect([open.first, open.answer.headers["server-timing"]]).toEqual([path, "cold;dur=131.4"]);
    const large = Buffer.alloc(300_000, 7);
    open.socket.send(large);
    const [echo] = await once(open.socket, "message");
    expect(large.equals(echo)).toBe(true);
    expect(services.leased - services.released).toBe(1);
    open.socket.close(1000);
    await once(open.socket, "close");
    await services.idle();
  }
  expect(app.seen[0]?.headers).toMatchObject({ "x-forwarded-for": "127.0.0.1", "x-forwarded-prefix": at });
});

test("websocket: a caller that vanishes frees the lease, and an instance that ends closes the caller", async () => {
  await using app = await startEcho();
  const services = new FakeServices(app.origin);
  await using plane = await startDataPlane(services);
  const url = `ws://127.0.0.1:${plane.port}${at}`;
  const gone = await opened(url);
  gone.socket.terminate();
  await services.idle();
  const left = await opened(url);
  const closed = once(left.socket, "close");
  for (const client of app.sockets.clients) client.terminate();
  expect((await closed)[0]).toBe(1006);
  await services.idle();
});

test("websocket: the time limit is for the answer to the upgrade, not for what follows", async () => {
  const clock = new ManualClock();
  await using app = await startEcho();
  const services = new FakeServices(app.origin);
  services.requestTimeoutMs = 1_000;
  await using plane = await startDataPlane(services, { clock });
  using open = await opened(`ws://127.0.0.1:${plane.port}${at}`);
  await clock.advance(60_000);
  open.socket.send("still");
  expect(String((await once(open.socket, "message"))[0])).toBe("still");
  const silentApp = await startApp(() => undefined);
  let asked = 0;
  silentApp.server.on("upgrade", () => {
    asked += 1;
  });
  const silent = new FakeServices(silentApp.origin);
  silent.requestTimeoutMs = 1_000;
  await using other = await startDataPlane(silent, { clock });
  const answer = refusal(`ws://127.0.0.1:${other.port}${at}`);
  await soon(() => asked).toBe(1);
  await clock.advance(1_000);
  expect(await answer).toMatchObject({ status: 504, body: expect.stringContaining("SERVER_SERVICE_TIMEOUT") });
  await silent.idle();
});

test("websocket: what an app answers instead of an upgrade comes through", async () => {
  await using app = await startApp((_req, res) => void res.writeHead(426, { "x-why": "no" }).end("no sockets here"));
  const services = new FakeServices(app.origin);
  await using plane = await startDataPlane(services);
  const answer = await refusal(`ws://127.0.0.1:${plane.port}${at}`);
  expect(answer).toMatchObject({ status: 426, body: "no sockets here", headers: { "x-why": "no" } });
  expect(answer.headers["server-timing"]).toBe("cold;dur=131.4");
  await services.idle();
});

test("websocket: an instance that refuses is left for another once, then it is 502", async () => {
  await using app = await startEcho();
  const dead = await deadOrigin();
  const services = new FakeServices(dead, app.origin);
  await using plane = await startDataPlane(services);
  using open = await opened(`ws://127.0.0.1:${plane.port}${at}`);
  expect([open.first, services.leased, services.released]).toEqual(["/", 2, 1]);
  const never = new FakeServices(dead);
  await using other = await startDataPlane(never);
  expect(await refusal(`ws://127.0.0.1:${other.port}${at}`)).toMatchObject({
    status: 502,
    headers: { "content-type": "application/problem+json", "server-timing": "cold;dur=131.4" },
  });
  await never.idle();
});

test("websocket: one that leaves while it waits is waited for no longer", async () => {
  const services = new FakeServices();
  let left: unknown;
  services.acquireAs = (_key, signal) =>
    new Promise((_resolve, reject) =>
      signal.addEventListener("abort", () => {
        left = signal.reason;
        reject(signal.reason);
      }),
    );
  await using plane = await startDataPlane(services);
  const { socket } = await rawConnection(plane.port);
  socket.write(handshake(at));
  await soon(() => services.keys.length).toBe(1);
  socket.end();
  await soon(() => left).toBeDefined();
});

test("websocket: private, unknown and malformed upgrades are refused before an instance is asked for", async () => {
  const services = new FakeServices();
  await using plane = await startDataPlane(services, {
    config: { dataPlane: { host: "127.0.0.1", port: 0 }, dataPlaneToken: token },
  });
  const base = `ws://127.0.0.1:${plane.port}/-/services`;
  expect(await refusal(`${base}/default/hidden`)).toMatchObject({ status: 403 });
  expect(await refusal(`${base}/default/nobody`)).toMatchObject({ status: 404 });
  const head = "host: a\r\nupgrade: websocket\r\nconnection: Upgrade\r\n";
  const key = "sec-websocket-key: dGhlIHNhbXBsZSBub25jZQ==\r\n";
  for (const bad of [
    `POST ${at} HTTP/1.1\r\n${head}${key}\r\n`,
    `GET ${at} HTTP/1.0\r\n${head}${key}\r\n`,
    `GET ${at} HTTP/1.1\r\n${head}\r\n`,
    `GET ${at} HTTP/1.1\r\n${head}sec-websocket-key: short\r\n\r\n`,
    `GET ${at} HTTP/1.1\r\n${head}${key}content-length: 3\r\n\r\nabc`,
    `GET ${at} HTTP/1.1\r\n${head}${key}host: b\r\n\r\n`,
    `GET http://a/x HTTP/1.1\r\nhost: app.default.localhost\r\nupgrade: websocket\r\nconnection: Upgrade\r\n${key}\r\n`,
  ]) {
    const { socket, closed, said } = await rawConnection(plane.port);
    socket.write(bad);
    await closed;
    expect(said(), bad).toMatch(/^HTTP\/1\.1 400 /);
  }
  expect(services.keys).toEqual([]);
});

test("websocket: an upgrade behind a request that is not answered yet ends the connection", async () => {
  const services = new FakeServices();
  services.acquireAs = () => new Promise(() => undefined);
  await using plane = await startDataPlane(services);
  const { socket, closed, said } = await rawConnection(plane.port);
  socket.write(`GET ${at} HTTP/1.1\r\nhost: a\r\n\r\n${handshake(at)}`);
  await closed;
  expect([said(), services.keys.length]).toEqual(["", 1]);
});

test("websocket: an offer of another protocol, or to anything but a Service, is passed over", async () => {
  await using app = await startApp(async (req, res) => {
    res.end(`${req.url} ${req.headers.upgrade} ${req.headers.connection} ${String((await req.toArray()).join(""))}`);
  });
  await using plane = await startDataPlane(new FakeServices(app.origin));
  const h2c = { connection: "Upgrade, HTTP2-Settings", upgrade: "h2c", "http2-settings": "AAMAAABkAAQAAP__" };
  const posted = await call(plane.port, `${at}/h2c`, { method: "POST", headers: h2c }, "b".repeat(100_000));
  expect(await posted.body()).toBe(`/h2c undefined keep-alive ${"b".repeat(100_000)}`);
  const event = await call(plane.port, "/default/default", { method: "POST", headers: h2c }, "x");
  expect([event.status, JSON.parse(await event.body()).code]).toEqual([404, "BROKER_UNKNOWN"]);
  const { socket, said } = await rawConnection(plane.port);
  socket.write(handshake("/-/healthz"));
  await soon(said).toMatch(/^HTTP\/1\.1 200 [\s\S]*ok$/);
  socket.write("GET /-/healthz HTTP/1.1\r\nhost: a\r\n\r\n");
  await soon(() => said().match(/ 200 OK/g)?.length).toBe(2);
  socket.write(handshake("/default/default"));
  await soon(said).toMatch(/ 405 /);
  socket.destroy();
});

test("websocket: a connection that offers another protocol with each request is none the heavier for it", async () => {
  await using plane = await startDataPlane(new FakeServices("http://127.0.0.1:1"));
  const served: Socket[] = [];
  plane.server.on("upgrade", (_request, socket) => served.push(socket as Socket));
  const { socket, said } = await rawConnection(plane.port);
  const counts: unknown[] = [];
  for (let n = 1; n <= 12; n++) {
    socket.write("GET /-/healthz HTTP/1.1\r\nhost: a\r\nconnection: upgrade\r\nupgrade: h2c\r\n\r\n");
    await soon(() => said().match(/ 200 OK/g)?.length).toBe(n);
    const own = served.at(-1)!;
    counts.push(own.eventNames().map((name) => [name, own.listenerCount(name)]));
  }
  socket.destroy();
  expect(new Set(served).size).toBe(1);
  expect(counts.at(-1)).toEqual(counts[1]);
});

test("websocket: a caller that leaves an endless answer to its upgrade frees the lease and the instance's connection", async () => {
  await using app = await startApp(() => undefined);
  const streams: Socket[] = [];
  app.server.on("upgrade", (_request, socket) => {
    streams.push(socket as Socket);
    socket.on("error", () => undefined);
    socket.on("end", () => socket.destroy()).resume();
    socket.write("HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\n\r\ndata: 1\n\n");
  });
  const services = new FakeServices(app.origin);
  await using plane = await startDataPlane(services);
  for (const leave of ["end", "destroy"] as const) {
    const { socket, said } = await rawConnection(plane.port);
    socket.write(handshake(`${at}/events`));
    await soon(said).toMatch(/^HTTP\/1\.1 200 [\s\S]*data: 1/);
    socket[leave]();
    await services.idle();
    await soon(() => streams.at(-1)?.closed).toBe(true);
  }
  expect(services.released).toBe(2);
});

test("websocket: CONNECT is refused", async () => {
  await using plane = await startDataPlane(new FakeServices());
  const outgoing = request({
    host: "127.0.0.1",
    port: plane.port,
    method: "CONNECT",
    path: "app.default.localhost:80",
  });
  outgoing.end();
  const [failure] = await once(outgoing, "error");
  expect(failure.code).toBe("ECONNRESET");
});

test("websocket: closing the data plane ends it", async () => {
  await using app = await startEcho();
  const services = new FakeServices(app.origin);
  await using plane = await startDataPlane(services);
  const open = await opened(`ws://127.0.0.1:${plane.port}${at}`);
  const closed = once(open.socket, "close");
  await plane.close();
  await closed;
  await services.idle();
});

test.each([
  ["nothing but its end", ""],
  ["no HTTP", "SSH-2.0-x\r\n"],
  ["another upgrade", "HTTP/1.1 101 X\r\nupgrade: h2c\r\nconnection: upgrade\r\n\r\nbytes"],
  ["101 without upgrade", "HTTP/1.1 101 X\r\n\r\n"],
  ["a control character in the reason", "HTTP/1.1 403 N\u0001O\r\ncontent-length: 2\r\n\r\nno"],
  ["a status below 100", "HTTP/1.1 099 X\r\ncontent-length: 2\r\n\r\nno"],
  ["a body that is cut off", "HTTP/1.1 403 No\r\ncontent-length: 20\r\n\r\nno"],
  ["chunks", "HTTP/1.1 403 No\r\ntransfer-encoding: chunked\r\n\r\n2\r\nno\r\n0\r\n\r\n"],
])("websocket: an app that answers with %s frees its lease and hurts nobody else", async (_what, said) => {
  const server = createTcpServer((socket) => {
    socket.on("error", () => undefined);
    socket.once("data", () => socket.end(said, "latin1"));
  }).listen(0, "127.0.0.1");
  await once(server, "listening");
  const services = new FakeServices(`http://127.0.0.1:${(server.address() as AddressInfo).port}`);
  await using plane = await startDataPlane(services);
  const { socket, closed } = await rawConnection(plane.port);
  socket.on("end", () => socket.end());
  socket.write(handshake(at));
  await closed;
  await services.idle();
  server.close();
});
