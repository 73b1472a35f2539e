import { expect, test } from "vitest";
import { admit } from "./admission.ts";
import { noChecks } from "./checks.ts";
import { formatProblem, locateProblem, readDocuments } from "./documents.ts";

const said = (text: string, limits = {}) => readDocuments(text, "f.yaml", limits).problems.map(formatProblem);

test("documents: empty ones are passed over, and each knows its line", () => {
  const text = "# only a comment\n---\n---\na: 1\n---\n\n# note\nb: 2\n";
  expect(readDocuments(text, "f.yaml")).toMatchObject({
    documents: [
      { index: 0, line: 4, value: { a: 1 } },
      { index: 1, line: 8, value: { b: 2 } },
    ],
    problems: [],
  });
  expect(readDocuments("", "f.yaml")).toEqual({ documents: [], problems: [] });
});

test("documents: JSON is read, tabs and a byte order mark included", () => {
  expect(readDocuments('\ufeff{\n\t"a": [1, null, "x"]\n}\n', "f.json").documents.map((each) => each.value)).toEqual([
    { a: [1, null, "x"] },
  ]);
});

test("documents: a List becomes its items, which keep their places", () => {
  const text = "apiVersion: v1\nkind: List\nitems:\n- a: 1\n- b:\n    c: 2\n";
  const { documents } = readDocuments(text, "f.yaml");
  expect(documents.map(({ index, line, value }) => [index, line, value])).toEqual([
    [0, 4, { a: 1 }],
    [1, 5, { b: { c: 2 } }],
  ]);
  expect(documents[1]!.locate("b.c")).toEqual({ line: 6, column: 5 });
});

test("documents: a problem is told with file, line and column of its field, or of what is around it", () => {
  const text = `apiVersion: eventing.knative.dev/v1
kind: Trigger
metadata:
  name: orders
  annotations:
    rouse.dev/pausd: "true"
spec:
  broker: default
  filters:
    - exact: {type: a}
    - exact:
        Type: b
  subscriber: {}
`;
  const { documents } = readDocuments(text, "eventing/t.yaml");
  const admission = admit(documents[0]!.value, noChecks);
  const problems = admission.kind === "refused" ? admission.problems : [];
  expect(problems.map((each) => formatProblem(locateProblem(documents[0]!, each)))).toEqual([
    `eventing/t.yaml:12:9: spec.filters[1].exact.Type: expected an attribute name: lower-case letters and digits, got "Type"; attribute names are lower-case: "type"`,
    "eventing/t.yaml:13:3: spec.subscriber: required value: expected ref, uri, or ref with a relative uri",
    `eventing/t.yaml:6:5: metadata.annotations[rouse.dev/pausd]: unknown annotation "rouse.dev/pausd"; did you mean "rouse.dev/paused"?`,
  ]);
  expect(documents[0]!.locate("spec.delivery.retry")).toEqual({ line: 7, column: 1 });
});

test.each([
  ["a: 1\na: 2", `f.yaml:2:1: expected each key once, got "a" twice; remove one of them`],
  ['{"a": 1, "a": 2}', `f.yaml:1:10: expected each key once, got "a" twice; remove one of them`],
  ["a: {1: x, '1': y}", `f.yaml:1:11: expected each key once, got "1" twice; remove one of them`],
  ["a: {<<: {b: 1}}", `f.yaml:1:5: expected no merge key, got "<<"; write the fields out`],
  ["? [a]\n: 1", "f.yaml:1:3: expected a text as key, got something else; put the key in quotes"],
  ["null: 1", "f.yaml:1:1: expected a text as key, got something else; put the key in quotes"],
  [
    "a: *x",
    "f.yaml:1:4: expected an anchor before its alias, got an alias alone; put a text that begins with * in quotes",
  ],
  ["%YAML 1.1\n---\na: yes", "f.yaml:2:1: expected YAML 1.2, got a %YAML 1.1 directive; remove the directive"],
])("documents: %j is refused", (text, message) => {
  expect(said(text)).toEqual([message]);
});

test.each(["!x y", "|x", ">x"])("documents: who writes a: %s is told of quotes", (text) => {
  expect(said(`a: ${text}\n`).join()).toContain("put a text that begins with !, | or > in quotes");
});

test.each(["*hunter2", "!hunter2 x", "!!hunter2", "|hunter2", ">hunter2", "a: *hunter2", "'a' hunter2"])(
  "documents: what is said of a: %s does not quote it, for it may be a password",
  (text) => {
    const told = said(`a: ${text}\n`).join();
    expect(told).toContain("f.yaml:1:");
    expect(told).not.toContain("hunter2");
  },
);

test.each([
  "a: [1\nb: 2",
  "a: {b: ",
  "'open",
  '"open',
  "a: b: c",
  "a: !!js/function x",
  "a:\n\t- b",
  '{"a": ',
  "a: |\n x\n- y",
])("documents: a manifest saved by half, such as %j, is one problem and no document", (text) => {
  const read = readDocuments(text, "f.yaml");
  expect(read.documents).toEqual([]);
  expect(read.problems).toHaveLength(1);
});

test("documents: anchors work, bombs do not", () => {
  expect(readDocuments("a: &x {b: 1}\nc: *x", "f.yaml").documents[0]!.value).toEqual({ a: { b: 1 }, c: { b: 1 } });
  const levels = Array.from({ length: 9 }, (_, n) => `l${n + 1}: &l${n + 1} [${Array(9).fill(`*l${n}`).join(",")}]`);
  expect(said(["l0: &l0 [x]", ...levels].join("\n"))).toEqual([
    "f.yaml:1:1: expected aliases that stand for at most 100 nodes, got more; write the values out",
  ]);
  expect(said(`a: &x 1\nb: [${Array(101).fill("*x").join(",")}]`)).toEqual([
    expect.stringContaining("expected at most 100 aliases, got more"),
  ]);
});

test.each([
  ["flow", "[".repeat(100_000)],
  ["block", "- ".repeat(100_000)],
  ["closed", "[".repeat(200) + "]".repeat(200)],
])("documents: deep %s nesting is refused without being built", (_, text) => {
  expect(said(text)).toEqual([expect.stringContaining("expected at most 64 levels of nesting, got more")]);
});

test("documents: too long a text and too many documents are refused", () => {
  expect(said("a: 123456", { textMax: 5 })).toEqual([
    "f.yaml:1:1: expected at most 5 characters, got 9; split the file",
  ]);
  expect(said("a: 1\n---\n".repeat(5), { documentsMax: 3 })).toEqual([
    expect.stringContaining("expected at most 3 documents, got more"),
  ]);
});

test("documents: the items of a List count as documents", () => {
  expect(said("{apiVersion: v1, kind: List, items: [1, 2, 3, 4]}", { documentsMax: 3 })).toEqual([
    "f.yaml:1:1: expected at most 3 documents, got more; split the file",
  ]);
});

test("documents: one broken document is told, the others are still read", () => {
  const read = readDocuments("a: 1\n---\nb: [\n---\nc: 1\n", "f.yaml");
  expect(read.problems.length).toBeGreaterThan(0);
  expect(read.documents[0]!.value).toEqual({ a: 1 });
});
