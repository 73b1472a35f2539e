import { expect, test } from "vitest";
import type { NatsSourceObject } from "./nats-source.ts";
import { admitted, natsSourceDocument, problemsOf } from "./samples.testing.ts";

const auth = { secret: { ref: { name: "nats" } } };
const ofStream = (stream: Record<string, unknown>) => ({ subject: undefined, stream: { name: "ORDERS", ...stream } });
const subject = "expected a subject such as orders.created, orders.* or orders.>";
const name = "expected a name without blanks, dots, wildcards and slashes";

test("nats source: a subject of rouse's own NATS is enough", () => {
  const { spec } = admitted<NatsSourceObject>(natsSourceDocument());
  expect(spec).toEqual({ subject: "orders.>", ordering: "unordered", sink: { uri: "http://localhost:3000/" } });
});

test("nats source: a stream is read from what is new, whole, unless it says otherwise", () => {
  const { spec } = admitted<NatsSourceObject>(natsSourceDocument(ofStream({})));
  expect(spec.stream).toEqual({ name: "ORDERS", filterSubjects: [], deliverPolicy: "new" });
});

test.each([
  [{ subject: undefined }, "spec.subject: required value: expected a subject, or a stream"],
  [{ subject: "" }, `spec.subject: ${subject}, got ""`],
  [{ subject: "a..b" }, `spec.subject: ${subject}, got "a..b"`],
  [{ subject: "a b" }, `spec.subject: ${subject}, got "a b"`],
  [{ subject: "a.>.b" }, `spec.subject: ${subject}, got "a.>.b"`],
  [{ subject: "a*" }, `spec.subject: ${subject}, got "a*"`],
  [{ stream: { name: "ORDERS" } }, "spec.stream: subject and stream exclude each other"],
  [{ queueGroup: "a.b" }, `spec.queueGroup: ${name}, got "a.b"`],
  [
    { ...ofStream({}), queueGroup: "a" },
    "spec.queueGroup: is for a subject; a stream's messages are shared by its consumer",
  ],
  [ofStream({ name: "OR DERS" }), `spec.stream.name: ${name}, got "OR DERS"`],
  [ofStream({ name: "a/b" }), `spec.stream.name: ${name}, got "a/b"`],
  [ofStream({ durable: "a>" }), `spec.stream.durable: ${name}, got "a>"`],
  [ofStream({ filterSubjects: ["a", ""] }), `spec.stream.filterSubjects[1]: ${subject}, got ""`],
  [ofStream({ filterSubject: "a" }), 'spec.stream.filterSubject: unknown field "filterSubject"'],
  [
    ofStream({ durable: "mine", filterSubjects: ["a"] }),
    "spec.stream.filterSubjects: a consumer that is there already has its own filter",
  ],
  [ofStream({ deliverPolicy: "last" }), 'spec.stream.deliverPolicy: expected one of new, all, got "last"'],
  [{ ordering: "yes" }, 'spec.ordering: expected one of ordered, unordered, got "yes"'],
  [{ servers: [] }, "spec.servers: required value: expected at least one URL"],
  [
    { servers: ["localhost:4222"] },
    'spec.servers[0]: expected a URL such as nats://localhost:4222 or tls://…, got "localhost:4222"',
  ],
  [
    { servers: ["http://localhost"] },
    'spec.servers[0]: expected a URL such as nats://localhost:4222 or tls://…, got "http://localhost"',
  ],
  [
    { servers: ["nats://me:hunter2@localhost"] },
    "spec.servers[0]: a URL with a login would be shown to everybody who reads the object",
  ],
  [{ servers: ["me:hunter2@localhost"] }, "spec.servers[0]: expected a URL such as nats://localhost:4222 or tls://…"],
  [{ auth }, "spec.auth: rouse's own NATS needs no login of a source"],
  [{ auth: { secret: "nats" }, servers: ["nats://a"] }, "spec.auth.secret: expected a mapping, got a text"],
])("nats source: %j is refused", (spec, message) => {
  expect(problemsOf(natsSourceDocument(spec))).toEqual([message]);
});

test.each([
  [{ subject: "a.*.b", queueGroup: "workers", servers: ["nats://a:4222", "tls://[::1]:4222"], auth }],
  [ofStream({ filterSubjects: ["a.>", "b"], deliverPolicy: "all" })],
  [ofStream({ durable: "mine" })],
])("nats source: %j is admitted", (spec) => {
  expect(problemsOf(natsSourceDocument(spec))).toEqual([]);
});

test("nats source: a stream cannot become another; its filter can", () => {
  const old = admitted<NatsSourceObject>(natsSourceDocument(ofStream({})));
  expect(problemsOf(natsSourceDocument(ofStream({ name: "B", deliverPolicy: "all" })), { old })).toEqual([
    'spec.stream.name: field is immutable: cannot change "ORDERS" to "B"',
    'spec.stream.deliverPolicy: field is immutable: cannot change "new" to "all"',
  ]);
  expect(problemsOf(natsSourceDocument(ofStream({ filterSubjects: ["a"] })), { old })).toEqual([]);
});
