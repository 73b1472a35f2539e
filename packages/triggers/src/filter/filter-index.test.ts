import fc from "fast-check";
import { expect, test } from "vitest";
import { compile } from "./compile.ts";
import { sampleEvent } from "./event.testing.ts";
import { explain } from "./explain.ts";
import type { Filter } from "./filter.ts";
import { FilterIndex } from "./filter-index.ts";
import { backwards, TextTrie } from "./text-trie.ts";

const names = ["type", "source", "subject", "time", "region", "count", "schemaurl", "datamediatype"];
// Few and alike, so that filters and events meet often.
const texts = fc.oneof(
  { weight: 4, arbitrary: fc.constantFrom("a", "ab", "ba") },
  { weight: 1, arbitrary: fc.constantFrom("", "5", "true", "0001-01-01T00:00:00Z", "text/plain") },
  { weight: 1, arbitrary: fc.string({ unit: fc.constantFrom("a", "b", "."), maxLength: 4 }) },
);
const pairs = fc.dictionary(fc.constantFrom(...names), texts, { maxKeys: 3, noNullPrototype: true });
const { filter: filters } = fc.letrec<{ filter: Filter }>((tie) => ({
  filter: fc.oneof(
    { maxDepth: 3, depthSize: "small" },
    fc.record({ kind: fc.constantFrom("attributes", "exact", "prefix", "suffix"), pairs }) as fc.Arbitrary<Filter>,
    fc.constant({ kind: "everything" } as Filter),
    fc.record({
      kind: fc.constantFrom("all", "any"),
      filters: fc.array(tie("filter"), { maxLength: 3 }),
    }) as fc.Arbitrary<Filter>,
    fc.record({ kind: fc.constant("not"), filter: tie("filter") }) as fc.Arbitrary<Filter>,
  ),
}));
const events = fc
  .record(
    {
      type: texts,
      source: texts,
      subject: texts,
      time: texts,
      region: texts,
      count: fc.constantFrom(5, -1),
      dataschema: texts,
      datacontenttype: fc.constantFrom("text/plain", "text/plain; charset=utf-8"),
    },
    { requiredKeys: ["type", "source"] },
  )
  .map((attributes) => sampleEvent(attributes));

test("index: finds what trying every filter finds, under any puts and removes", () => {
  const commands = fc.array(fc.tuple(fc.integer({ min: 0, max: 30 }), fc.option(filters, { nil: undefined })), {
    maxLength: 60,
  });
  fc.assert(
    fc.property(commands, fc.array(events, { minLength: 1, maxLength: 5 }), fc.boolean(), (changes, seen, wide) => {
      const index = new FilterIndex<string>();
      const model = new Map<string, Filter>();
      // Filters of their own attributes make the index look up what the event carries instead of all it knows.
      if (wide)
        for (let at = 0; at < 12; at += 1)
          index.put(`wide${at}`, { kind: "exact", pairs: { [`x${at}`]: "v" } }, "wide");
      for (const [key, filter] of changes) {
        if (filter) {
          index.put(String(key), filter, String(key));
          model.set(String(key), filter);
        } else {
          expect(index.remove(String(key))).toBe(model.delete(String(key)));
        }
      }
      for (const event of seen) {
        const expected = [...model].filter(([, filter]) => compile(filter)(event)).map(([key]) => key);
        expect(index.match(event).sort()).toEqual(expected.sort());
      }
      for (let at = 0; at < 12; at += 1) index.remove(`wide${at}`);
      for (const key of model.keys()) index.remove(key);
      expect([index.size, index.residue, index.indexedAttributes]).toEqual([0, 0, 0]);
    }),
    { numRuns: 300 },
  );
});

test("explain: agrees with the compiled filter", () => {
  fc.assert(
    fc.property(filters, events, (filter, event) => {
      const explanation = explain(filter, event);
      expect(explanation.matched).toBe(compile(filter)(event));
      expect(explanation.summary).not.toBe("");
    }),
    { numRuns: 500 },
  );
});

test("index: a filter that is found in several places is returned once", () => {
  const index = new FilterIndex<number>();
  const exact = (pairs: Record<string, string>): Filter => ({ kind: "exact", pairs });
  index.put("1", { kind: "any", filters: [exact({ type: "a" }), exact({ source: "b" }), exact({ type: "a" })] }, 1);
  expect(index.match(sampleEvent({ type: "a", source: "b" }))).toEqual([1]);
  index.remove("1");
  expect(index.indexedAttributes).toBe(0);
});

test("index: not of not and not of any of nots have a guard; a bare not has none", () => {
  const index = new FilterIndex<number>();
  const exact: Filter = { kind: "exact", pairs: { type: "a" } };
  const not = (filter: Filter): Filter => ({ kind: "not", filter });
  index.put("1", not(not(exact)), 1);
  index.put("2", not({ kind: "any", filters: [not(exact), not({ kind: "prefix", pairs: { source: "/" } })] }), 2);
  expect(index.residue).toBe(0);
  index.put("3", not(exact), 3);
  expect(index.residue).toBe(1);
  expect(index.match(sampleEvent({ type: "a" })).sort()).toEqual([1, 2]);
});

test("index: triggers on one hot type are kept under what tells them apart", () => {
  const index = new FilterIndex<number>();
  for (let at = 0; at < 1000; at += 1) {
    index.put(String(at), { kind: "exact", pairs: { type: "hot", subject: `s${at}` } }, at);
  }
  expect(index.match(sampleEvent({ type: "hot", subject: "s7" }))).toEqual([7]);
  expect(index.tried).toBeLessThan(50);
});

test("index: a bucket that became crowded is thinned out, and everything is still found and removed", () => {
  const index = new FilterIndex<number>();
  const model = new Map<number, Filter>();
  const put = (at: number, pairs: Record<string, string>) => {
    model.set(at, { kind: "exact", pairs });
    index.put(String(at), model.get(at)!, at);
  };
  // While all share both values they fill both buckets; those of their own subject come later.
  for (let at = 0; at < 200; at += 1) put(at, { type: "hot", subject: "shared", region: `r${at % 100}` });
  for (let at = 200; at < 400; at += 1) put(at, { type: "hot", subject: `s${at}` });
  for (let at = 0; at < 400; at += 3) {
    model.delete(at);
    index.remove(String(at));
  }
  for (const event of [{ subject: "shared", region: "r7" }, { subject: "s301" }, { subject: "none" }]) {
    const sample = sampleEvent({ type: "hot", ...event });
    const expected = [...model].filter(([, filter]) => compile(filter)(sample)).map(([at]) => at);
    expect(index.match(sample).sort()).toEqual(expected.sort());
  }
  for (const at of model.keys()) index.remove(String(at));
  expect([index.size, index.indexedAttributes]).toEqual([0, 0]);
});

test("trie: collects every kept text that a text begins with, and is empty after removing all", () => {
  const words = fc.uniqueArray(fc.string({ unit: fc.constantFrom("a", "b"), maxLength: 6 }), { maxLength: 20 });
  fc.assert(
    fc.property(words, fc.string({ unit: fc.constantFrom("a", "b"), maxLength: 10 }), fc.nat(), (kept, text, some) => {
      const trie = new TextTrie<string>();
      for (const word of kept) trie.set(word, word);
      const gone = kept.splice(0, some % (kept.length + 1));
      for (const word of gone) trie.delete(word);
      const found: string[] = [];
      trie.collect(text, found);
      expect(found.sort()).toEqual(kept.filter((word) => text.startsWith(word)).sort());
      for (const word of kept) expect(trie.get(word)).toBe(word);
      for (const word of kept) trie.delete(word);
      expect(trie.empty).toBe(true);
    }),
    { numRuns: 200 },
  );
});

test("backwards: turns a text round by its code units", () => {
  expect(backwards("abc")).toBe("cba");
});
