import { expect, test } from "vitest";
import { apiRig, trigger, triggers } from "./admin-api.testing.ts";
import { type GuardedRequest, type GuardOptions, guard, isLoopback } from "./guard.ts";
import type { Refusal } from "./status.ts";

function codeOf(request: Partial<GuardedRequest>, options: GuardOptions = {}): number {
  const base = { method: "GET", path: "/apis", headers: {}, port: 8081, secure: false };
  const headers = { host: "127.0.0.1:8081", ...request.headers };
  try {
    guard({ ...base, ...request, headers }, options);
    return 200;
  } catch (refusal) {
    return (refusal as Refusal).code;
  }
}

test("guard: serves loopback names with the port of the listener alone", () => {
  const host = (text: string, port = 8081) => codeOf({ headers: { host: text }, port });
  expect(
    ["localhost:8081", "127.0.0.1:8081", "127.9.8.7:8081", "[::1]:8081", "LOCALHOST:8081"].map((h) => host(h)),
  ).toEqual([200, 200, 200, 200, 200]);
  const others = [
    "localhost:8080",
    "localhost",
    "evil.example:8081",
    "localhost.evil.example:8081",
    "127.0.0.1.evil.example:8081",
  ];
  expect(others.map((h) => host(h))).toEqual([403, 403, 403, 403, 403]);
  expect(
    ["", "a@127.0.0.1:8081", "[::1:8081", "127.0.0.1:8081:1", "::1:8081", "0.0.0.0:8081"].map((h) => host(h)),
  ).toEqual([403, 403, 403, 403, 403, 403]);
  expect(host("localhost", 80)).toBe(200);
});

test("guard: serves configured hosts, with or without a port", () => {
  const options = { hosts: ["rouse.internal", "other.internal:9000"] };
  const host = (text: string) => codeOf({ headers: { host: text } }, options);
  expect(["rouse.internal:8081", "rouse.internal", "other.internal:9000", "other.internal:1"].map(host)).toEqual([
    200, 200, 200, 403,
  ]);
});

test("guard: refuses every foreign origin, reads included", () => {
  const origin = (text: string) => codeOf({ headers: { origin: text } });
  expect(origin("http://127.0.0.1:8081")).toBe(200);
  const foreign = [
    "http://evil.example",
    "null",
    "",
    "https://127.0.0.1:8081",
    "http://127.0.0.1:3000",
    "http://localhost:8081",
  ];
  expect(foreign.map(origin)).toEqual([403, 403, 403, 403, 403, 403]);
});

test("guard: refuses writes whose content type a web page can send without permission", () => {
  const type = (text: string, method = "POST") =>
    codeOf({ method, headers: { "content-type": text, "content-length": "2" } });
  const refused = [
    "text/plain",
    "application/x-www-form-urlencoded",
    "multipart/form-data; boundary=x",
    "",
    "application/jsonx",
    "constructor",
    "__proto__",
  ];
  expect(refused.map((t) => type(t))).toEqual([415, 415, 415, 415, 415, 415, 415]);
  expect(
    ["application/json", "application/json; charset=utf-8", "application/yaml", "application/merge-patch+json"].map(
      (t) => type(t),
    ),
  ).toEqual([200, 200, 200, 200]);
  expect(codeOf({ method: "DELETE" })).toBe(200);
  expect(codeOf({ method: "DELETE", headers: { "transfer-encoding": "chunked" } })).toBe(415);
});

test("guard: demands the token where one is set, except for health", () => {
  const options = { token: "s3cret" };
  const auth = (authorization: string) => codeOf({ headers: { authorization } }, options);
  expect(["Bearer s3cret", "bearer s3cret", "Bearer s3cre", "Bearer ", "Basic s3cret", "s3cret"].map(auth)).toEqual([
    200, 200, 401, 401, 401, 401,
  ]);
  expect([codeOf({}, options), codeOf({ path: "/healthz" }, options)]).toEqual([401, 200]);
});

test("guard: only names that cannot belong to another machine are loopback", () => {
  expect(["localhost", "127.0.0.1", "127.255.255.255", "[::1]"].every(isLoopback)).toBe(true);
  expect(["127.1", "127.0.0.256", "128.0.0.1", "localhost.", "[::2]", "127.0.0.1.nip.example"].some(isLoopback)).toBe(
    false,
  );
});

test("guard: what it refuses is a Status, on every route of the listener", async () => {
  await using api = await apiRig({ guard: { token: "s3cret" } });
  const unauthorized = await api.send("GET", triggers);
  expect([unauthorized.code, unauthorized.headers["www-authenticate"]]).toEqual([401, "Bearer"]);
  expect(unauthorized.body).toEqual({
    kind: "Status",
    apiVersion: "v1",
    metadata: {},
    status: "Failure",
    message: "Unauthorized",
    reason: "Unauthorized",
    code: 401,
  });
  const authorization = "Bearer s3cret";
  expect((await api.send("GET", triggers, undefined, { authorization })).code).toBe(200);
  expect((await api.send("GET", "/nowhere", undefined, { authorization, origin: "http://evil.example" })).code).toBe(
    403,
  );
  expect((await api.send("GET", triggers, undefined, { authorization, host: "evil.example" })).body.reason).toBe(
    "Forbidden",
  );
  const form = { authorization, "content-type": "text/plain" };
  const posted = await api.send("POST", triggers, JSON.stringify(trigger("a")), form);
  expect([posted.code, posted.body.reason]).toEqual([415, "UnsupportedMediaType"]);
});
