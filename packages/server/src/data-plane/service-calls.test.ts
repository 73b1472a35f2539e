import { once } from "node:events";
import { request } from "node:http";
import type { AddressInfo } from "node:net";
import { createServer as createTcpServer } from "node:net";
import { ManualClock } from "@rouse/base";
import { expect, test } from "vitest";
import {
  call,
  deadOrigin,
  FakeServices,
  rawConnection,
  soon,
  startApp,
  startDataPlane,
} from "./service-fixtures.testing.ts";

const at = "/-/services/default/app";
const echoHead = (req: import("node:http").IncomingMessage, res: import("node:http").ServerResponse) =>
  void res.end(JSON.stringify({ method: req.method, url: req.url, headers: req.headers, raw: req.rawHeaders }));

test("direct call: path, query and method arrive as they were sent, for every method", async () => {
  await using app = await startApp(echoHead);
  const services = new FakeServices(app.origin);
  await using plane = await startDataPlane(services);
  for (const [sent, arrived] of [
    ["", "/"],
    ["?q=1", "/?q=1"],
    ["/", "/"],
    ["/a/../b//c?x=%2F&y", "/a/../b//c?x=%2F&y"],
    ["/100%/%zz", "/100%/%zz"],
    [`/${"x".repeat(300)}`, `/${"x".repeat(300)}`],
    ["/-/services/default/hidden", "/-/services/default/hidden"],
  ]) {
    const answer = await call(plane.port, at + sent);
    expect(JSON.parse(await answer.body())).toMatchObject({ method: "GET", url: arrived });
    expect(answer.headers["server-timing"]).toBe("cold;dur=131.4");
  }
  for (const method of ["POST", "PUT", "PATCH", "DELETE", "OPTIONS", "PROPFIND", "TRACE", "QUERY"]) {
    if (!plane.supportedMethods.includes(method)) continue;
    const answer = await call(plane.port, `${at}/m`, { method });
    expect(JSON.parse(await answer.body())).toMatchObject({ method, url: "/m" });
  }
  const head = await call(plane.port, at, { method: "HEAD" });
  expect([head.status, await head.body()]).toEqual([200, ""]);
  await services.idle();
  expect(new Set(services.keys)).toEqual(new Set(["default/app"]));
});

test("direct call: a host name of a Service leads to it, whatever the path", async () => {
  await using app = await startApp(echoHead);
  await using plane = await startDataPlane(new FakeServices(app.origin));
  for (const host of ["app.default.svc.rouse.internal", "app.default.localhost:8080", "APP.Default.localhost."]) {
    for (const path of ["/", "/default/default", "/-/healthz", "/-/services/default/hidden/x"]) {
      const answer = await call(plane.port, path, { headers: { host } });
      expect(JSON.parse(await answer.body())).toMatchObject({ url: path, headers: { host } });
    }
  }
  for (const host of ["app.default", "app.default.example.com", "x.app.default.localhost", "localhost"]) {
    expect((await call(plane.port, "/a/b/c", { headers: { host } })).status).toBe(400);
  }
});

test("direct call: the app gets the headers that proxies set, and none that were for the next hop", async () => {
  await using app = await startApp(echoHead);
  await using plane = await startDataPlane(new FakeServices(app.origin));
  const headers = {
    host: "shop.example",
    connection: "close, x-private, content-length",
    "x-private": "1",
    "keep-alive": "timeout=5",
    "proxy-authorization": "Basic eDp5",
    te: "trailers",
    authorization: "Bearer for-the-app",
    "x-forwarded-for": "198.51.100.1",
    "x-forwarded-proto": "https",
    "content-length": "2",
  };
  const answer = await call(plane.port, at, { method: "POST", headers }, "hi");
  const got = JSON.parse(await answer.body()).headers;
  expect(got).toMatchObject({
    host: "shop.example",
    authorization: "Bearer for-the-app",
    "x-forwarded-for": "198.51.100.1, 127.0.0.1",
    "x-forwarded-proto": "https",
    "x-forwarded-host": "shop.example",
    "x-forwarded-prefix": at,
    "content-length": "2",
    te: "trailers",
  });
  for (const name of ["x-private", "keep-alive", "proxy-authorization"]) expect(got[name]).toBeUndefined();
  expect(answer.headers.connection).toBe("close");
});

test("direct call: an upload of 50 MB streams through without being kept", async () => {
  const total = 50 * 1024 * 1024;
  let received = 0;
  await using app = await startApp(async (req, res) => {
    for await (const chunk of req) {
      received += chunk.length;
      await new Promise((resolve) => setImmediate(resolve));
    }
    res.end(String(received));
  });
  const services = new FakeServices(app.origin);
  await using plane = await startDataPlane(services);
  const chunk = Buffer.alloc(256 * 1024, 1);
  const outgoing = request({ host: "127.0.0.1", port: plane.port, path: at, method: "POST", agent: false });
  const answered = once(outgoing, "response");
  let underWayMax = 0;
  for (let sent = chunk.length; sent <= total; sent += chunk.length) {
    if (!outgoing.write(chunk)) await once(outgoing, "drain");
    underWayMax = Math.max(underWayMax, sent - received);
  }
  outgoing.end();
  const [answer] = await answered;
  expect(String((await answer.toArray()).join(""))).toBe(String(total));
  // What the system's buffers of two connections hold at the most.
  expect(underWayMax).toBeLessThan(25 * 1024 * 1024);
  await services.idle();
});

test("direct call: an app that does not read makes the caller wait, and its early answer comes through", async () => {
  let answerNow = () => {};
  await using app = await startApp((_req, res) => {
    answerNow = () => void res.writeHead(413).end("enough");
  });
  const services = new FakeServices(app.origin);
  await using plane = await startDataPlane(services);
  const outgoing = request({ host: "127.0.0.1", port: plane.port, path: at, method: "PUT", agent: false });
  outgoing.on("error", () => undefined);
  const answered = once(outgoing, "response");
  const chunk = Buffer.alloc(1024 * 1024);
  let written = 0;
  while (outgoing.writableLength < 8 * chunk.length && written < 200) {
    outgoing.write(chunk);
    written += 1;
    await new Promise((resolve) => setImmediate(resolve));
  }
  expect(written).toBeLessThan(100);
  answerNow();
  const [answer] = await answered;
  expect(answer.statusCode).toBe(413);
  outgoing.destroy();
  await services.idle();
});

test("direct call: events of a stream arrive while it goes on, and an end of the caller frees the lease", async () => {
  let ended = false;
  await using app = await startApp((_req, res) => {
    res.writeHead(200, { "content-type": "text/event-stream" });
    res.write("data: 1\n\n");
    res.once("close", () => {
      ended = true;
    });
  });
  const services = new FakeServices(app.origin);
  await using plane = await startDataPlane(services);
  const answer = await call(plane.port, at);
  const [first] = await once(answer.message, "data");
  expect([String(first), services.released]).toEqual(["data: 1\n\n", 0]);
  answer.message.destroy();
  await services.idle();
  await soon(() => ended).toBe(true);
});

test("direct call: a caller may wait for the beginning of the answer before it sends anything of the body", async () => {
  await using app = await startApp((req, res) => {
    res.write("begun ");
    req.pipe(res);
  });
  await using plane = await startDataPlane(new FakeServices(app.origin));
  const asking = request({ port: plane.port, host: "127.0.0.1", path: at, method: "POST" });
  asking.flushHeaders();
  const [answer] = (await once(asking, "response")) as [import("node:http").IncomingMessage];
  answer.setEncoding("utf8");
  expect(await once(answer, "data")).toEqual(["begun "]);
  asking.end("over");
  expect(await once(answer, "data")).toEqual(["over"]);
});

test("direct call: an instance that ends within its answer cuts the caller off", async () => {
  for (const head of [{ "content-length": "100" }, {}]) {
    await using app = await startApp((_req, res) => {
      res.writeHead(200, head);
      res.write("part", () => res.socket?.destroy());
    });
    const services = new FakeServices(app.origin);
    await using plane = await startDataPlane(services);
    const answer = await call(plane.port, at);
    await expect(answer.body()).rejects.toMatchObject({ code: "ECONNRESET" });
    await services.idle();
  }
});

test("direct call: trailers pass in both directions", async () => {
  await using app = await startApp(async (req, res) => {
    await req.resume().toArray();
    res.writeHead(200, { trailer: "x-sum" });
    res.write("body");
    res.addTrailers({ "x-sum": `after-${req.trailers["x-sum"]}` });
    res.end();
  });
  await using plane = await startDataPlane(new FakeServices(app.origin));
  const outgoing = request({ host: "127.0.0.1", port: plane.port, path: at, method: "POST", agent: false });
  outgoing.write("x");
  outgoing.addTrailers({ "x-sum": "42" });
  outgoing.end();
  const [answer] = await once(outgoing, "response");
  await answer.toArray();
  expect(answer.trailers).toEqual({ "x-sum": "after-42" });
});

test("direct call: a caller that asks first is told to go on when there is an instance, else refused", async () => {
  await using app = await startApp(async (req, res) => {
    res.end(`${req.headers.expect ?? "none"} ${String((await req.toArray()).join(""))}`);
  });
  const services = new FakeServices(app.origin);
  await using plane = await startDataPlane(services);
  let told = 0;
  const ask = (path: string) => {
    const outgoing = request({
      host: "127.0.0.1",
      port: plane.port,
      path,
      method: "POST",
      agent: false,
      headers: { expect: "100-continue", "content-length": "4" },
    });
    outgoing.once("continue", () => {
      told += 1;
      outgoing.end("body");
    });
    outgoing.flushHeaders();
    return outgoing;
  };
  const [answer] = await once(ask(at), "response");
  expect([String((await answer.toArray()).join("")), told]).toEqual(["none body", 1]);
  const refused = ask("/-/services/default/hidden");
  const [refusal] = await once(refused, "response");
  expect([refusal.statusCode, told]).toEqual([403, 1]);
  refused.destroy();
  const [event] = await once(ask("/default/default"), "response");
  expect([event.statusCode, told]).toEqual([404, 2]);
});

test("direct call: a refused connection is tried once more with the body untouched, then it is 502", async () => {
  await using app = await startApp(async (req, res) => void res.end(String((await req.toArray()).join(""))));
  const dead = await deadOrigin();
  const services = new FakeServices(dead, app.origin);
  await using plane = await startDataPlane(services);
  const body = "b".repeat(200_000);
  const answer = await call(plane.port, at, { method: "POST" }, body);
  expect(await answer.body()).toBe(body);
  await services.idle();
  expect(services.leased).toBe(2);
  const never = new FakeServices(dead);
  await using other = await startDataPlane(never);
  const failed = await call(other.port, at, { method: "POST" }, body);
  expect(failed.headers["server-timing"]).toBe("cold;dur=131.4");
  expect([failed.status, JSON.parse(await failed.body()).code]).toEqual([502, "SERVER_SERVICE_FAILED"]);
  await never.idle();
  expect(never.leased).toBe(2);
});

test("direct call: a connection that is reset before an answer is tried again for GET alone", async () => {
  await using app = await startApp(
    (req, res) => void (services.leased === 2 ? res.end("second") : req.socket.destroy()),
  );
  const services = new FakeServices(app.origin);
  await using plane = await startDataPlane(services);
  const got = await call(plane.port, at);
  expect(await got.body()).toBe("second");
  services.leased = 0;
  services.released = 0;
  const posted = await call(plane.port, at, { method: "POST" }, "x");
  expect([posted.status, services.leased]).toEqual([502, 1]);
});

test("direct call: what is no HTTP, and an upgrade that nobody asked for, is 502", async () => {
  for (const said of [
    "SSH-2.0-x\r\n",
    "HTTP/1.1 101 Switching Protocols\r\nupgrade: x\r\nconnection: upgrade\r\n\r\n",
  ]) {
    const server = createTcpServer((socket) => {
      socket.on("error", () => undefined);
      socket.once("data", () => socket.write(said));
    }).listen(0, "127.0.0.1");
    await once(server, "listening");
    const services = new FakeServices(`http://127.0.0.1:${(server.address() as AddressInfo).port}`);
    await using plane = await startDataPlane(services);
    const answer = await call(plane.port, at, { method: "POST" }, "x");
    expect(answer.status).toBe(502);
    await services.idle();
    server.close();
  }
});

test("direct call: the Service's time limit is 504 before an answer and cuts one that has begun", async () => {
  const clock = new ManualClock();
  let asked = 0;
  await using app = await startApp((req, res) => {
    asked += 1;
    if (req.url === "/begun") res.write("begun");
  });
  const services = new FakeServices(app.origin);
  services.requestTimeoutMs = 2_000;
  await using plane = await startDataPlane(services, { clock });
  const silent = call(plane.port, `${at}/silent`);
  await soon(() => asked).toBe(1);
  await clock.advance(2_000);
  const answer = await silent;
  expect([answer.status, JSON.parse(await answer.body()).code]).toEqual([504, "SERVER_SERVICE_TIMEOUT"]);
  const begun = await call(plane.port, `${at}/begun`);
  await once(begun.message, "data");
  await clock.advance(2_000);
  await expect(begun.body()).rejects.toThrow();
  await services.idle();
  await plane.close();
});

test("direct call: an upload may take longer to arrive than an event", async () => {
  await using app = await startApp(async (req, res) => void res.end(String((await req.toArray()).join(""))));
  await using plane = await startDataPlane(new FakeServices(app.origin), { arrivalMaxMs: 60 });
  const slow = async (path: string) => {
    const { socket, closed, said } = await rawConnection(plane.port);
    socket.write(`POST ${path} HTTP/1.1\r\nhost: a\r\ncontent-length: 2\r\n\r\na`);
    return { socket, closed, said };
  };
  const upload = await slow(at);
  const event = await slow("/default/default");
  await event.closed;
  expect(event.said()).toMatch(/^HTTP\/1\.1 408 /);
  const another = await slow("/default/default");
  await another.closed;
  upload.socket.write("b");
  await soon(upload.said).toMatch(/^HTTP\/1\.1 200 [\s\S]*ab/);
  upload.socket.destroy();
});

test("direct call: an upload that still goes on when its time to arrive is over ends with the answer", async () => {
  let answerNow = () => {};
  await using app = await startApp((_req, res) => {
    answerNow = () => void res.end("enough");
  });
  const services = new FakeServices(app.origin);
  await using plane = await startDataPlane(services, { arrivalMaxMs: 60 });
  const part = (path: string) => `POST ${path} HTTP/1.1\r\nhost: a\r\ncontent-length: 9\r\n\r\na`;
  const upload = await rawConnection(plane.port);
  upload.socket.write(part(at));
  await soon(() => services.leased).toBe(1);
  const event = await rawConnection(plane.port);
  event.socket.write(part("/default/default"));
  await event.closed;
  expect(upload.said()).toBe("");
  answerNow();
  await upload.closed;
  expect(upload.said()).toMatch(/^HTTP\/1\.1 200 [\s\S]*enough/);
  await services.idle();
});

test("direct call: when the data plane closes, a stream is cut after its grace", async () => {
  await using app = await startApp((_req, res) => void res.write("x"));
  const services = new FakeServices(app.origin);
  await using plane = await startDataPlane(services);
  const answer = await call(plane.port, at);
  await once(answer.message, "data");
  const body = answer.body().catch((failure) => failure.code);
  await plane.close();
  expect(await body).toBe("ECONNRESET");
  await services.idle();
});

test.each([
  ["a control character in the reason", "HTTP/1.1 200 O\u0001K\r\ncontent-length: 2\r\n\r\nok"],
  ["a null in the reason", "HTTP/1.1 200 O\u0000K\r\ncontent-length: 2\r\n\r\nok"],
  ["a status below 100", "HTTP/1.1 099 X\r\ncontent-length: 2\r\n\r\nok"],
  ["a status of 999", "HTTP/1.1 999 X\r\ncontent-length: 2\r\n\r\nok"],
  ["a status of 000", "HTTP/1.1 000 X\r\ncontent-length: 2\r\n\r\nok"],
  ["101 without upgrade", "HTTP/1.1 101 X\r\n\r\n"],
  ["a DEL in a header", "HTTP/1.1 200 OK\r\nx: \u007f\r\ncontent-length: 2\r\n\r\nok"],
  ["a DEL in a trailer", "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n2\r\nok\r\n0\r\nx: \u007f\r\n\r\n"],
  [
    "a length in a trailer",
    "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n2\r\nok\r\n0\r\ncontent-length: 9\r\n\r\n",
  ],
  ["both lengths", "HTTP/1.1 200 OK\r\ncontent-length: 2\r\ntransfer-encoding: chunked\r\n\r\n2\r\nok\r\n0\r\n\r\n"],
  [
    "more than its length",
    "HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nokHTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n",
  ],
  ["a body with 204", "HTTP/1.1 204 No Content\r\ntransfer-encoding: chunked\r\n\r\n2\r\nok\r\n0\r\n\r\n"],
  ["early hints first", "HTTP/1.1 103 Early Hints\r\nlink: </x>\r\n\r\nHTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok"],
  ["another coding", "HTTP/1.1 200 OK\r\ntransfer-encoding: gzip, chunked\r\n\r\n2\r\nok\r\n0\r\n\r\n"],
  ["HTTP/1.0 up to its end", "HTTP/1.0 200 OK\r\n\r\nok"],
  ["nothing but its end", ""],
])("direct call: an app that answers with %s hurts nobody else", async (_what, said) => {
  const server = createTcpServer((socket) => {
    socket.on("error", () => undefined);
    socket.once("data", () => socket.end(said, "latin1"));
  }).listen(0, "127.0.0.1");
  await once(server, "listening");
  const services = new FakeServices(`http://127.0.0.1:${(server.address() as AddressInfo).port}`);
  await using plane = await startDataPlane(services);
  const { socket, closed, said: heard } = await rawConnection(plane.port);
  socket.write(`POST ${at} HTTP/1.1\r\nhost: a\r\nconnection: close\r\ncontent-length: 1\r\n\r\nx`);
  await closed;
  expect(heard()).toMatch(/^HTTP\/1\.1 (200 |204 |502 |999 )/);
  expect(heard().match(/HTTP\/1\.1/g)).toHaveLength(1);
  await services.idle();
  server.close();
});

test.each([
  ["a DEL in a header", "x: \u007f\r\n", ""],
  ["a length in a trailer", "transfer-encoding: chunked\r\n", "1\r\nx\r\n0\r\ncontent-length: 9\r\n\r\n"],
  ["a DEL in a trailer", "transfer-encoding: chunked\r\n", "1\r\nx\r\n0\r\nx: \u007f\r\n\r\n"],
  ["a header called __proto__", "__proto__: x\r\n", ""],
  ["Connection that names all", "connection: host, authorization, x-forwarded-for, close\r\n", ""],
  ["a protocol to upgrade to without Connection", "upgrade: websocket\r\n", ""],
])("direct call: a caller that sends %s hurts nobody else", async (_what, head, body) => {
  await using app = await startApp(
    async (req, res) => void res.end(JSON.stringify([req.headers, await req.toArray()])),
  );
  const services = new FakeServices(app.origin);
  await using plane = await startDataPlane(services);
  const { socket, said } = await rawConnection(plane.port);
  socket.write(`GET ${at} HTTP/1.1\r\nhost: a\r\n${head}\r\n${body}`);
  await soon(said).toMatch(/^HTTP\/1\.1 (200|400|502) /);
  socket.destroy();
  expect((await call(plane.port, at)).status).toBe(200);
});
