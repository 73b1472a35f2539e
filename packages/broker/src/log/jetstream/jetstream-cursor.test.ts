import { expect, test } from "vitest";
import { FakeConnection } from "./fake-connection.testing.ts";
import { JetstreamApi } from "./jetstream-api.ts";
import { JetstreamCursor } from "./jetstream-cursor.ts";
import { Link } from "./link.ts";

const deleted = { success: true };
const notFound = { error: { code: 404, err_code: 10014, description: "consumer not found" } };
const notEmpty = { error: { code: 500, err_code: 10051, description: "unlinkat S/obs/c: directory not empty" } };

/** A cursor whose requests get these answers, one after the other. */
function cursorOf(...answers: object[]) {
  const subjects: string[] = [];
  const request = async (subject: string) => {
    subjects.push(subject);
    const answer = JSON.stringify(answers.shift());
    return { string: () => answer };
  };
  const connection = Object.assign(new FakeConnection(), { request }).connection;
  const config = { name: "c", ackWaitMs: 1_000, maxAckPending: 10 };
  const cursor = new JetstreamCursor(new JetstreamApi(new Link(connection)), "S", config, () => {
    throw new Error("nobody pulls here");
  });
  return { cursor, subjects };
}

test.each([
  ["that is there takes one request", [deleted], 1],
  ["that the server could not remove is tried once more", [notEmpty, deleted], 2],
  ["that is gone after a failure has been deleted", [notEmpty, notFound], 2],
  ["that was never there is no failure", [notFound, notFound], 2],
])("cursor: deleting one %s", async (_, answers, requests) => {
  const { cursor, subjects } = cursorOf(...answers);
  await cursor.delete();
  expect(subjects).toEqual(Array(requests).fill("$JS.API.CONSUMER.DELETE.S.c"));
});

test("cursor: deleting one that the server cannot remove twice in a row fails with what it said", async () => {
  const { cursor } = cursorOf(notEmpty, notEmpty);
  await expect(cursor.delete()).rejects.toMatchObject({
    code: "LOG_UNAVAILABLE",
    message: expect.stringContaining("directory not empty"),
  });
});
