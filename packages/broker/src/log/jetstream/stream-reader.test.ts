import fc from "fast-check";
import { expect, test } from "vitest";
import type { StoredMessage } from "../engine.ts";
import { readStream } from "./stream-reader.ts";

function stored(sequence: number): StoredMessage {
  return {
    sequence,
    subject: sequence % 3 === 0 ? "b" : "a",
    headers: {},
    data: new Uint8Array(),
    storedAt: sequence * 10,
  };
}

test("stream reader: yields what a filter over the whole stream would, for any gaps", async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.uniqueArray(fc.integer({ min: 1, max: 200 }), { maxLength: 120 }),
      fc.integer({ min: 1, max: 210 }),
      fc.option(fc.integer({ min: 0, max: 2100 }), { nil: undefined }),
      fc.constantFrom(undefined, "a", "b", "c"),
      async (sequences, fromSequence, fromTime, filterSubject) => {
        const messages = sequences.sort((a, b) => a - b).map(stored);
        const next = async (from: number, filter: string) =>
          messages.find((one) => one.sequence >= from && (filter === ">" || one.subject === filter));
        const end = 180;
        const seen: number[] = [];
        const options = {
          fromSequence,
          ...(fromTime === undefined ? {} : { fromTime }),
          ...(filterSubject === undefined ? {} : { filterSubject }),
        };
        for await (const message of readStream(next, end, options)) seen.push(message.sequence);
        const wanted = messages.filter(
          (one) =>
            one.sequence >= fromSequence &&
            one.sequence <= end &&
            one.storedAt >= (fromTime ?? 0) &&
            (filterSubject === undefined || one.subject === filterSubject),
        );
        expect(seen).toEqual(wanted.map((one) => one.sequence));
      },
    ),
    { numRuns: 100 },
  );
});
