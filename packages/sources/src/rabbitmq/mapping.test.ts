import { createEvent, encodeAmqp, identityOf } from "@rouse/events";
import fc from "fast-check";
import { expect, test } from "vitest";
import { type RabbitmqMessage, type RabbitmqShape, rabbitmqEvent } from "./mapping.ts";

const shape: RabbitmqShape = {
  uid: "5f1c",
  namespace: "shop",
  name: "orders",
  queueName: "new-orders",
  ceOverrides: undefined,
};
const message: RabbitmqMessage = {
  exchange: "ex",
  routingKey: "key",
  messageId: undefined,
  contentType: undefined,
  timestamp: undefined,
  headers: {},
  body: Buffer.from("body"),
};
const text = (data: Uint8Array | undefined) => new TextDecoder().decode(data);

function eventOf(changes: Partial<RabbitmqMessage>, as: Partial<RabbitmqShape> = {}) {
  const mapped = rabbitmqEvent({ ...message, ...changes }, { ...shape, ...as }, "fresh");
  if (mapped.kind !== "event") throw new Error(mapped.message);
  return { ...mapped, attributes: { ...mapped.event.attributes } };
}

function invalid(changes: Partial<RabbitmqMessage>) {
  const mapped = rabbitmqEvent({ ...message, ...changes }, shape, "fresh");
  if (mapped.kind !== "invalid") throw new Error("it is an event");
  return mapped;
}

test("rabbitmq mapping: a message that is no event is wrapped with Knative's attributes", () => {
  const { attributes, event, messageId } = eventOf({
    messageId: "m-1",
    contentType: "application/json",
    timestamp: 1_700_000_000,
    headers: { "x-death": [{}], tenant: "acme" },
  });
  expect(attributes).toEqual({
    specversion: "1.0",
    id: "m-1",
    source: "/apis/v1/namespaces/shop/rabbitmqsources/orders#new-orders",
    type: "dev.knative.rabbitmq.event",
    subject: "m-1",
    time: "2023-11-14T22:13:20Z",
    datacontenttype: "application/json",
  });
  expect(text(event.data)).toBe("body");
  expect(messageId).toBe("5f1c/new-orders/m-1");
});

test("rabbitmq mapping: without message-id, timestamp and content type the id is fresh and the rest is absent", () => {
  for (const messageId of [undefined, ""]) {
    const mapped = eventOf({ messageId });
    expect(mapped.attributes).toEqual({
      specversion: "1.0",
      id: "fresh",
      source: "/apis/v1/namespaces/shop/rabbitmqsources/orders#new-orders",
      type: "dev.knative.rabbitmq.event",
      subject: "fresh",
    });
    expect(mapped.messageId).toBe("5f1c/new-orders/fresh");
  }
});

test.each([
  [1_700_000_000, "2023-11-14T22:13:20Z"],
  [1_700_000_000_123, "2023-11-14T22:13:20.123Z"],
  [253_402_300_799, "9999-12-31T23:59:59Z"],
  [0, undefined],
  [18_446_744_073_709_552_000, undefined],
  [Number.NaN, undefined],
])("rabbitmq mapping: the timestamp %d becomes the time %s", (timestamp, time) => {
  expect(eventOf({ timestamp }).attributes.time).toBe(time);
});

test("rabbitmq mapping: a content type that is no media type is left out", () => {
  expect(eventOf({ contentType: "json" }).attributes.datacontenttype).toBeUndefined();
});

test("rabbitmq mapping: a CloudEvent passes in both modes, its identity is its own", () => {
  const event = createEvent({ id: "1", source: "/s", type: "t", subject: "x", retries: 3 }, Buffer.from("data"));
  for (const mode of ["binary", "structured"] as const) {
    const { contentType, headers, body } = encodeAmqp(event, mode);
    const passed = eventOf({ contentType, headers: { ...headers, "x-own": "1", other: "2" }, body, messageId: "m" });
    expect(passed.attributes).toEqual({ ...event.attributes, retries: mode === "binary" ? "3" : 3 });
    expect(text(passed.event.data)).toBe("data");
    expect(passed.messageId).toBe(`5f1c/new-orders/${identityOf(event)}`);
  }
});

test("rabbitmq mapping: a CloudEvent without a source gets the queue's, as in Knative", () => {
  const source = "/apis/v1/namespaces/shop/rabbitmqsources/orders#new-orders";
  expect(eventOf({ headers: { specversion: "1.0", id: "1", type: "t" } }).attributes.source).toBe(source);
  const prefixed = { "ce-specversion": "1.0", "ce-id": "1", "ce-type": "t", source: "a header of someone's" };
  expect(eventOf({ headers: prefixed }).attributes.source).toBe(source);
});

test("rabbitmq mapping: overrides add extensions to wrapped and passed events, and change no attribute of the specification", () => {
  const as = { ceOverrides: { extensions: { team: "ops", id: "forged", type: "forged", "not-a-name": "x" } } };
  const event = { specversion: "1.0", id: "1", source: "/s", type: "t", team: "dev" };
  expect(eventOf({ headers: event }, as).attributes).toEqual({ ...event, team: "ops" });
  expect(eventOf({ messageId: "m" }, as).attributes).toMatchObject({ id: "m", team: "ops" });
});

test("rabbitmq mapping: what says it is an event and is none is invalid, under its message id", () => {
  const broken = invalid({ contentType: "application/cloudevents+json", body: Buffer.from("{"), messageId: "m/1" });
  expect(broken).toMatchObject({ reason: "event-invalid", messageId: "5f1c/new-orders/m%2F1" });
  expect(broken.message).not.toBe("");
  expect(invalid({ headers: { "ce-specversion": "1.0", "ce-type": "t" } }).message).toMatch(/"id" is missing/);
  expect(invalid({ headers: { "ce-specversion": "0.3" } }).reason).toBe("event-invalid");
  expect(invalid({ messageId: "a\u0000b" }).message).toMatch(/U\+0000/);
  const large = { specversion: "1.0", id: "1", source: "/s", type: "t", "ce-x": "y", big: "z".repeat(20_000) };
  expect(invalid({ headers: large }).reason).toBe("event-too-large");
});

test("rabbitmq mapping: a queue's name with a blank makes a source that an event may have", () => {
  const { attributes, messageId } = eventOf({ messageId: "é\n".trim() }, { queueName: "new orders/é" });
  expect(attributes.source).toBe("/apis/v1/namespaces/shop/rabbitmqsources/orders#new%20orders/é");
  expect(messageId).toBe("5f1c/new%20orders%2F%C3%A9/%C3%A9");
});

test("rabbitmq mapping: anything that comes is an event or invalid, with one printable word as identity", () => {
  const value = fc.oneof(
    fc.string({ maxLength: 9 }),
    fc.integer(),
    fc.constantFrom(null, true, {}, [1], "1.0", "\u0000"),
  );
  fc.assert(
    fc.property(
      fc.dictionary(fc.constantFrom("specversion", "ce-specversion", "ce-id", "type", "x-death", "Ce-Type"), value),
      fc.option(fc.string({ unit: fc.constantFrom("a", "/", " ", "%", "é", "\u0000", "\ud800"), maxLength: 9 }), {
        nil: undefined,
      }),
      fc.option(fc.constantFrom("application/cloudevents+json", "text/plain", "?"), { nil: undefined }),
      fc.uint8Array({ maxLength: 20 }),
      (headers, messageId, contentType, body) => {
        const mapped = rabbitmqEvent({ ...message, headers, messageId, contentType, body }, shape, "fresh");
        expect(mapped.messageId).toMatch(/^5f1c\/new-orders\/[!-.0-~]+$/);
      },
    ),
    { numRuns: 100 },
  );
});
