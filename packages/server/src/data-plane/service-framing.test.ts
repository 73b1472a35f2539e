import { createServer } from "node:net";
import { expect, test } from "vitest";
import { FakeServices, rawConnection, soon, startApp, startDataPlane, token } from "./service-fixtures.testing.ts";
import { bearsToken } from "./token.ts";

const at = "/-/services/default/app";

/** Sends text on a connection of its own, and gives what came back when it was closed. */
async function say(port: number, text: string): Promise<string> {
  const { socket, closed, said } = await rawConnection(port);
  socket.write(text);
  await closed;
  return said();
}

/** An app that answers every request with the same bytes, and closes. */
async function startRawApp(answer: string) {
  const server = createServer((socket) => {
    socket.on("error", () => undefined);
    socket.once("data", () => socket.end(answer));
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as { port: number };
  return {
    origin: `http://127.0.0.1:${port}`,
    [Symbol.asyncDispose]: () => new Promise<void>((resolve) => server.close(() => resolve())),
  };
}

test.each([
  ["a GET", "GET", "", ""],
  ["a body of known length", "POST", "Content-Length: 2\r\n", "hi"],
])(
  "direct call: a Trailer that announces what cannot come is not passed on with %s",
  async (_what, method, more, body) => {
    await using app = await startApp((req, res) => void res.end(JSON.stringify(req.headers)));
    await using plane = await startDataPlane(new FakeServices(app.origin));
    const head = `${method} ${at} HTTP/1.1\r\nHost: a\r\nTrailer: x-sum\r\nConnection: close\r\n${more}\r\n`;
    const said = await say(plane.port, head + body);
    expect(said).toMatch(/^HTTP\/1\.1 200 /);
    expect(said).not.toContain("x-sum");
  },
);

test.each([
  ["a known length", "1.1", "200 OK", "Content-Length: 2\r\n", "ok"],
  ["no content", "1.1", "204 No Content", "", ""],
  [
    "chunks, for a caller of HTTP/1.0",
    "1.0",
    "200 OK",
    "Transfer-Encoding: chunked\r\n",
    "2\r\nok\r\n0\r\nx-sum: 1\r\n\r\n",
  ],
  ["chunks that cannot be", "1.1", "304 Not Modified", "Transfer-Encoding: chunked\r\n", ""],
])("direct call: an app's Trailer is left out with %s", async (_what, version, status, more, body) => {
  await using app = await startRawApp(`HTTP/1.1 ${status}\r\nTrailer: x-sum\r\n${more}\r\n${body}`);
  await using plane = await startDataPlane(new FakeServices(app.origin));
  const said = await say(plane.port, `GET ${at} HTTP/${version}\r\nHost: a\r\nConnection: close\r\n\r\n`);
  expect(said).toMatch(/^HTTP\/1\.1 (200|204|304) /);
  expect(said).not.toContain("x-sum");
});

test.each([
  ["identity", "200"],
  ["gzip", "502"],
  ["chunked, gzip", "502"],
])(
  "direct call: an app cannot put an answer of its own behind the one that was asked for, with %s",
  async (coding, status) => {
    const forged = "HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\nforged";
    await using app = await startRawApp(`HTTP/1.1 200 OK\r\nTransfer-Encoding: ${coding}\r\n\r\n${forged}`);
    await using plane = await startDataPlane(new FakeServices(app.origin));
    const { socket, said } = await rawConnection(plane.port);
    socket.write(`GET ${at} HTTP/1.1\r\nHost: a\r\n\r\n`);
    await soon(() => said().includes("\r\n0\r\n\r\n") || said().includes("SERVER_SERVICE_FAILED")).toBe(true);
    socket.destroy();
    expect(said()).toMatch(new RegExp(`^HTTP/1\\.1 ${status} `));
    if (status === "200") expect(said()).toContain(`\r\n\r\n${forged.length.toString(16)}\r\n${forged}\r\n0\r\n\r\n`);
    else expect(said()).not.toContain("forged");
  },
);

test("direct call: a body in a transfer coding that an app may not know is refused", async () => {
  const services = new FakeServices("http://127.0.0.1:1");
  await using plane = await startDataPlane(services);
  const head = `POST ${at} HTTP/1.1\r\nHost: a\r\nConnection: close\r\nTransfer-Encoding: gzip, chunked\r\n\r\n`;
  expect(await say(plane.port, `${head}2\r\nhi\r\n0\r\n\r\n`)).toMatch(/^HTTP\/1\.1 501 /);
  expect(services.keys).toEqual([]);
});

test("data plane: the scheme of the token may be written in any case, so that the app never gets it", () => {
  const bears = (authorization: string) => bearsToken({ headers: { authorization } }, token);
  expect(["Bearer", "bearer", "BEARER", "Bearer "].map((scheme) => bears(`${scheme} ${token}`))).toEqual(
    Array(4).fill(true),
  );
  expect(["Basic ", "Bearer", "", "x Bearer "].map((before) => bears(before + token))).toEqual(Array(4).fill(false));
  expect(bears(`Bearer ${token}x`)).toBe(false);
});
