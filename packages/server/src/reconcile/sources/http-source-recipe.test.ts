import { ManualClock } from "@rouse/base";
import type { HttpSourceObject } from "@rouse/resources";
import { expect, test } from "vitest";
import type { Entry } from "../../store/port.ts";
import { httpSourceRecipe } from "./http-source-recipe.ts";

const entry = {
  id: { group: "rouse.dev", plural: "httpsources", namespace: "shop", name: "hook" },
  uid: "u1",
} as Entry;
const secret = { secretKeyRef: { name: "github", key: "token" } };

/** The definition of a source whose secret, and previous secret, have these values. */
async function define(values: readonly (Buffer | undefined)[], spec: object = {}) {
  const left = [...values];
  const recipe = httpSourceRecipe({
    clock: new ManualClock(),
    random: () => 0.5,
    secrets: { valueIfAny: async (_namespace, reference) => (reference ? left.shift() : undefined) },
    addresses: { dataPlaneUrl: "http://127.0.0.1:8080" },
  });
  const object = { spec: { preset: "github", secret, maxBytes: 1, ...spec } } as unknown as HttpSourceObject;
  return recipe.define(entry, object);
}

test("http source: a secret is taken without the line end of its file, and bytes that are no text as they are", async () => {
  const bytes = Buffer.from([0xff, 0xfe, 0x00, 0x80, 0x0a]);
  const { secrets } = await define([Buffer.from("s3cret\n"), bytes], { previousSecret: secret });
  expect(secrets).toEqual([new Uint8Array(Buffer.from("s3cret")), new Uint8Array(bytes)]);
});

test.each([undefined, Buffer.alloc(0), Buffer.from("\n")])(
  "http source: one whose secret is %j does not run, and says so",
  async (value) => {
    await expect(define([value])).rejects.toMatchObject({
      code: "SECRET_VALUE_MISSING",
      message: expect.stringContaining('"token" in secret shop/github is missing or empty'),
    });
  },
);

test("http source: one that checks nothing needs no secret", async () => {
  expect((await define([], { preset: "none", secret: undefined })).secrets).toEqual([]);
});
