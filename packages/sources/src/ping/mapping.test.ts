import { expect, test } from "vitest";
import { firedEvent, type PingShape, tickEvent } from "./mapping.ts";

const shape: PingShape = {
  uid: "5f1c",
  namespace: "shop",
  name: "nightly",
  contentType: undefined,
  data: undefined,
  dataBase64: undefined,
  ceOverrides: undefined,
};
const planned = Date.UTC(2026, 5, 1, 3);

test("ping mapping: a tick has Knative's attributes, the planned time, and nothing that is not configured", () => {
  const { event, messageId } = tickEvent(shape, planned, false);
  expect({ ...event.attributes }).toEqual({
    specversion: "1.0",
    id: "5f1c-2026-06-01T03:00:00Z",
    source: "/apis/v1/namespaces/shop/pingsources/nightly",
    type: "dev.knative.sources.ping",
    time: "2026-06-01T03:00:00Z",
  });
  expect(event.data).toBeUndefined();
  expect(messageId).toBe("5f1c/2026-06-01T03:00:00Z");
  expect(Object.getPrototypeOf(event.attributes)).toBeNull();
});

test("ping mapping: content type and data are passed on, text as UTF-8 and base64 as bytes", () => {
  const text = tickEvent({ ...shape, contentType: "text/plain", data: "grüß" }, planned, false).event;
  expect(text.attributes.datacontenttype).toBe("text/plain");
  expect(new TextDecoder().decode(text.data)).toBe("grüß");
  const bytes = tickEvent({ ...shape, dataBase64: "AP8Q" }, planned, false).event;
  expect(bytes.data).toEqual(new Uint8Array([0, 255, 16]));
  expect(bytes.attributes.datacontenttype).toBeUndefined();
});

test("ping mapping: overrides add extensions and change no attribute of the specification, nor the mark", () => {
  const extensions = { team: "ops", constructor: "x", id: "forged", type: "forged", rousemissed: "no" };
  const { attributes } = tickEvent({ ...shape, ceOverrides: { extensions } }, planned, true).event;
  expect(attributes).toMatchObject({
    team: "ops",
    constructor: "x",
    id: "5f1c-2026-06-01T03:00:00Z",
    rousemissed: true,
  });
  expect(attributes.type).toBe("dev.knative.sources.ping");
  expect(
    tickEvent({ ...shape, ceOverrides: { extensions } }, planned, false).event.attributes.rousemissed,
  ).toBeUndefined();
});

test("ping mapping: an event fired by hand has an identity of its own and the time of firing", () => {
  const { event, messageId } = firedEvent(shape, planned + 5, 2);
  expect(event.attributes.id).toBe("5f1c-fire-2026-06-01T03:00:00.005Z-2");
  expect(event.attributes.time).toBe("2026-06-01T03:00:00.005Z");
  expect(messageId).toBe("5f1c/fire/2026-06-01T03:00:00.005Z/2");
});
