import { connect } from "node:net";
import Fastify from "fastify";
import { expect, test } from "vitest";
import { BrokerFault } from "../broker-fault.ts";
import { accept, type Rig, startRig } from "../broker-rig.testing.ts";
import { LogFault } from "../errors.ts";
import { addIngress, type IngressBrokers } from "./ingress.ts";

async function startIngress(options: { readonly brokers?: IngressBrokers; readonly loaded?: boolean } = {}) {
  const rig: Rig = await startRig({ deliver: accept });
  const app = Fastify({ bodyLimit: 1024 * 1024, forceCloseConnections: true });
  const found: IngressBrokers = options.brokers ?? {
    find: (namespace, name) => (namespace === "default" && name === "default" ? rig.broker : undefined),
    loaded: () => options.loaded ?? true,
  };
  await addIngress(app, found);
  const origin = await app.listen({ host: "127.0.0.1", port: 0 });
  return {
    rig,
    origin,
    post: (path: string, headers: Record<string, string>, body?: string | Buffer) =>
      fetch(`${origin}${path}`, { method: "POST", headers, ...(body === undefined ? {} : { body: body as string }) }),
    async [Symbol.asyncDispose]() {
      await app.close();
      await rig[Symbol.asyncDispose]();
    },
  };
}

const binary = {
  "ce-specversion": "1.0",
  "ce-id": "1",
  "ce-source": "/s",
  "ce-type": "t",
  "content-type": "text/plain",
};
const structured = { specversion: "1.0", id: "1", source: "/s", type: "t", data: { a: 1 } };
const batchType = { "content-type": "application/cloudevents-batch+json" };

async function problemIn(response: Response): Promise<Record<string, unknown>> {
  expect(response.headers.get("content-type")).toBe("application/problem+json");
  const problem = (await response.json()) as Record<string, unknown>;
  expect(problem).toMatchObject({ type: "about:blank", status: response.status, title: expect.any(String) });
  expect(JSON.stringify(problem)).not.toMatch(/\bat .*\.[jt]s:\d+/);
  return problem;
}

test("ingress: answers 202 with the event's handle once it is stored", async () => {
  await using ingress = await startIngress();
  const response = await ingress.post("/default/default", binary, "hello");
  expect(response.status).toBe(202);
  expect(response.headers.get("rouse-event")).toBe("default/default/1");
  expect(response.headers.get("rouse-storage")).toBe("memory");
  expect(response.headers.has("rouse-duplicate")).toBe(false);
  expect(await response.text()).toBe("");
  await ingress.rig.settle();
  expect(Buffer.from(ingress.rig.attempts[0]?.event.data ?? []).toString()).toBe("hello");
});

test("ingress: the same event again is answered 202 and called a duplicate", async () => {
  await using ingress = await startIngress();
  await ingress.post("/default/default", binary, "hello");
  const response = await ingress.post("/default/default/", binary, "hello");
  expect(response.status).toBe(202);
  expect(response.headers.get("rouse-duplicate")).toBe("true");
  expect(response.headers.get("rouse-event")).toBe("default/default/1");
});

test("ingress: takes structured events and events without data or content type", async () => {
  await using ingress = await startIngress();
  const json = { "content-type": "application/cloudevents+json" };
  expect((await ingress.post("/default/default", json, JSON.stringify(structured))).status).toBe(202);
  const { "content-type": _, ...bare } = binary;
  const response = await ingress.post("/default/default", { ...bare, "ce-id": "2" });
  expect(response.status).toBe(202);
  await ingress.rig.settle();
  expect(ingress.rig.attempts[1]?.event.data).toBeUndefined();
});

test("ingress: a batch is stored whole", async () => {
  await using ingress = await startIngress();
  const batch = [structured, { ...structured, id: "2" }];
  const response = await ingress.post("/default/default", batchType, JSON.stringify(batch));
  expect(response.status).toBe(202);
  expect(response.headers.get("rouse-event")).toBe("default/default/1, default/default/2");
});

test("ingress: a batch with one bad event is refused whole", async () => {
  await using ingress = await startIngress();
  const worn = { ...structured, id: "2", knativebrokerttl: 1 };
  for (const bad of [{ ...structured, id: "" }, { specversion: "1.0" }, worn]) {
    const response = await ingress.post("/default/default", batchType, JSON.stringify([structured, bad]));
    expect(response.status).toBe(400);
    await problemIn(response);
  }
  expect(await ingress.rig.broker.lastSequence()).toBe(0);
});

test("ingress: a batch that is stored in part is answered 503 with the number stored", async () => {
  const failure = new LogFault("LOG_UNAVAILABLE", "the server did not answer in time");
  const stored = [{ sequence: 1, duplicate: false, handle: "default/default/1" }];
  const broker = { storage: "jetstream", appendAll: async () => ({ stored, failure }) } as const;
  const append = async () => Promise.reject(failure);
  await using ingress = await startIngress({ brokers: { find: () => ({ ...broker, append }) } });
  const response = await ingress.post("/default/default", batchType, JSON.stringify([structured]));
  expect(response.status).toBe(503);
  expect(response.headers.get("retry-after")).toBe("1");
  expect(await problemIn(response)).toMatchObject({ code: "LOG_UNAVAILABLE", stored: 1 });
});

test("ingress: storage that is away or too busy is 503 with Retry-After, never 202", async () => {
  const failures = [
    [new LogFault("LOG_UNAVAILABLE", "away"), "1"],
    [new LogFault("LOG_FULL", "full"), "1"],
    [new BrokerFault("BROKER_BUSY", "busy", { retryAfterMs: 1_500 }), "2"],
  ] as const;
  for (const [failure, retryAfter] of failures) {
    const append = async () => Promise.reject(failure);
    const broker = { storage: "jetstream", append, appendAll: append } as const;
    await using ingress = await startIngress({ brokers: { find: () => broker } });
    const response = await ingress.post("/default/default", binary, "x");
    expect(response.status).toBe(503);
    expect(response.headers.get("retry-after")).toBe(retryAfter);
    expect(await problemIn(response)).toMatchObject({ code: failure.code });
  }
});

test("ingress: an error nobody expected is 500 and shows nothing of itself", async () => {
  const append = async () => Promise.reject(new TypeError("secret detail"));
  const broker = { storage: "jetstream", append, appendAll: append } as const;
  await using ingress = await startIngress({ brokers: { find: () => broker } });
  const response = await ingress.post("/default/default", binary, "x");
  expect(response.status).toBe(500);
  expect(JSON.stringify(await problemIn(response))).not.toContain("secret");
});

test("ingress: what is wrong with a request is said with status, code and what to change", async () => {
  await using ingress = await startIngress();
  const cases = [
    ["/default/nobody", binary, "x", 404, "BROKER_UNKNOWN"],
    ["/default/_internal", binary, "x", 404, "BROKER_UNKNOWN"],
    ["/default/%2e%2e%2fadmin", binary, "x", 404, "BROKER_UNKNOWN"],
    ["/", binary, "x", 404, "PATH_UNKNOWN"],
    ["/-/nothing/here", binary, "x", 404, "PATH_UNKNOWN"],
    ["/default", binary, "x", 400, "PATH_UNKNOWN"],
    ["/default/default/more", binary, "x", 400, "PATH_UNKNOWN"],
    ["/default/default", { ...binary, "ce-specversion": "0.3" }, "x", 400, "EVENT_SPECVERSION_UNSUPPORTED"],
    ["/default/default", { ...binary, "ce-id": "" }, "x", 400, /EVENT_/],
    ["/default/default", { ...binary, "ce-knativebrokerttl": "1" }, "x", 400, "BROKER_TOO_MANY_HOPS"],
    ["/default/default", { "content-type": "application/json" }, "{}", 415, "EVENT_MEDIA_TYPE_UNSUPPORTED"],
    ["/default/default", { "content-type": "application/cloudevents+avro" }, "x", 415, "EVENT_MEDIA_TYPE_UNSUPPORTED"],
    ["/default/default", { "content-type": "application/cloudevents+json" }, "{", 400, "EVENT_JSON_INVALID"],
    ["/default/default", binary, "x".repeat(1024 * 1024 - 1000), 413, "BROKER_EVENT_TOO_LARGE"],
    ["/default/default", binary, "x".repeat(2 * 1024 * 1024), 413, "BODY_TOO_LARGE"],
  ] as const;
  for (const [path, headers, body, status, code] of cases) {
    const response = await ingress.post(path, headers, body);
    expect([path, response.status]).toEqual([path, status]);
    expect((await problemIn(response)).code).toMatch(code);
  }
  expect(await ingress.rig.broker.lastSequence()).toBe(0);
});

test("ingress: a broker that is not known yet is unavailable while the configuration loads", async () => {
  await using ingress = await startIngress({ loaded: false });
  const response = await ingress.post("/default/nobody", binary, "x");
  expect(response.status).toBe(503);
  expect(response.headers.get("retry-after")).toBe("1");
});

test("ingress: methods other than POST and OPTIONS are 405 with Allow", async () => {
  await using ingress = await startIngress();
  for (const method of ["GET", "PUT", "DELETE", "PATCH"]) {
    const response = await fetch(`${ingress.origin}/default/default`, { method });
    expect([method, response.status]).toEqual([method, 405]);
    expect(response.headers.get("allow")).toBe("POST, OPTIONS");
  }
  const head = await fetch(`${ingress.origin}/default/default`, { method: "HEAD" });
  expect(head.status).toBe(405);
});

test("ingress: OPTIONS answers the webhook handshake", async () => {
  await using ingress = await startIngress();
  const headers = { "webhook-request-origin": "example.com", "webhook-request-rate": "120" };
  const response = await fetch(`${ingress.origin}/default/default`, { method: "OPTIONS", headers });
  expect(response.status).toBe(200);
  expect(response.headers.get("allow")).toBe("POST, OPTIONS");
  expect(response.headers.get("webhook-allowed-origin")).toBe("*");
  expect(response.headers.get("webhook-allowed-rate")).toBe("*");
});

/** Sends bytes and gives back what came before the connection was closed. */
function exchange(origin: string, text: string, cut: boolean): Promise<string> {
  const { hostname, port } = new URL(origin);
  return new Promise((resolve) => {
    let answer = "";
    const socket = connect(Number(port), hostname, () => {
      socket.write(text);
      if (cut) socket.end();
    });
    socket.setTimeout(2_000, () => socket.destroy());
    socket.on("data", (bytes) => {
      answer += bytes.toString();
      if (/^HTTP\/1.1 \d+/.test(answer)) socket.end();
    });
    socket.on("error", () => resolve(answer));
    socket.on("close", () => resolve(answer));
  });
}

test("ingress: a header that is sent twice is seen and refused", async () => {
  await using ingress = await startIngress();
  const head =
    "POST /default/default HTTP/1.1\r\nhost: x\r\nce-specversion: 1.0\r\nce-id: 1\r\nce-id: 2\r\nce-source: /s\r\nce-type: t\r\n";
  const answer = await exchange(ingress.origin, `${head}content-length: 0\r\n\r\n`, false);
  expect(answer).toMatch(/^HTTP\/1.1 400/);
  expect(answer).toContain("EVENT_DUPLICATE_ATTRIBUTE");
});

test("ingress: a body that is cut off stores nothing and stops nothing", async () => {
  await using ingress = await startIngress();
  const head = Object.entries(binary)
    .map(([name, value]) => `${name}: ${value}\r\n`)
    .join("");
  await exchange(
    ingress.origin,
    `POST /default/default HTTP/1.1\r\nhost: x\r\n${head}content-length: 100\r\n\r\nhel`,
    true,
  );
  expect(await ingress.rig.broker.lastSequence()).toBe(0);
  expect((await ingress.post("/default/default", binary, "hello")).status).toBe(202);
});

test("ingress: bytes that are no request are refused without a crash", async () => {
  await using ingress = await startIngress();
  await exchange(ingress.origin, "GARBAGE\r\n\r\n", false);
  const injected = "POST /default/default HTTP/1.1\r\nhost: x\r\nce-id: a\x00b\r\ncontent-length: 0\r\n\r\n";
  expect(await exchange(ingress.origin, injected, false)).toMatch(/^HTTP\/1.1 400/);
  expect((await ingress.post("/default/default", binary, "hello")).status).toBe(202);
});
