import fc from "fast-check";
import { expect, test } from "vitest";
import { filterDepthMax, filterNodesMax, parseFilter } from "./parse.ts";

const filterOf = (spec: Parameters<typeof parseFilter>[0]) => {
  const parsed = parseFilter(spec);
  return parsed.kind === "filter" ? parsed.filter : parsed.problems;
};
const problemsOf = (spec: Parameters<typeof parseFilter>[0]) => {
  const parsed = parseFilter(spec);
  return parsed.kind === "refused" ? parsed.problems.map(({ path, message }) => `${path}: ${message}`) : [];
};

test("parse: without filter and filters every event is taken", () => {
  expect(filterOf({})).toEqual({ kind: "everything" });
  expect(filterOf({ filter: {}, filters: [] })).toEqual({ kind: "everything" });
  expect(filterOf({ filter: { attributes: {} } })).toEqual({ kind: "everything" });
});

test("parse: filter.attributes keeps empty values", () => {
  expect(filterOf({ filter: { attributes: { type: "a", region: "" } } })).toEqual({
    kind: "attributes",
    pairs: { type: "a", region: "" },
  });
});

test("parse: filters that is not empty overrides filter, with a warning", () => {
  const parsed = parseFilter({ filter: { attributes: { type: "a" } }, filters: [{ exact: { type: "b" } }] });
  expect(parsed).toMatchObject({ kind: "filter", filter: { kind: "exact", pairs: { type: "b" } } });
  expect(parsed.warnings[0]?.path).toBe("filter");
});

test("parse: several filters must all hold; nested dialects keep their shape", () => {
  const filters = [{ any: [{ prefix: { type: "a" } }, { not: { suffix: { type: "z" } } }] }, { exact: { id: "1" } }];
  expect(filterOf({ filters })).toEqual({
    kind: "all",
    filters: [
      {
        kind: "any",
        filters: [
          { kind: "prefix", pairs: { type: "a" } },
          { kind: "not", filter: { kind: "suffix", pairs: { type: "z" } } },
        ],
      },
      { kind: "exact", pairs: { id: "1" } },
    ],
  });
});

test("parse: an empty dialect filters nothing and is warned about", () => {
  for (const filter of [{ all: [] }, { any: [] }, { not: {} }, { cesql: "" }, {}]) {
    const parsed = parseFilter({ filters: [filter] });
    expect(parsed).toMatchObject({ kind: "filter", filter: { kind: "everything" } });
    expect(parsed.warnings).toHaveLength(1);
  }
});

test("parse: every problem is told with its path", () => {
  expect(
    problemsOf({
      filter: { attributes: { Type: "a" }, expression: "x" },
      filters: [
        { exact: { type: "a" }, prefix: { type: "b" } },
        { exact: { count: 5, "ce-type": "x", type: "" } },
        { regex: { type: ".*" } },
        { any: "x" },
        "x",
      ],
    }),
  ).toEqual([
    "filter.expression: unknown field; expected attributes",
    "filter.attributes.Type: expected an attribute name: a lower-case letter, then lower-case letters and digits",
    "filters[0]: expected one dialect, got exact, prefix",
    "filters[1].exact.count: expected a string, got number 5; put it in quotes",
    "filters[1].exact.ce-type: expected an attribute name: a lower-case letter, then lower-case letters and digits",
    "filters[1].exact.type: expected a text that is not empty",
    "filters[2].regex: unknown dialect; expected one of exact, prefix, suffix, all, any, not, cesql, sql",
    "filters[3].any: expected a list of filters, got string x",
    "filters[4]: expected an object with one dialect, got string x",
  ]);
});

test("parse: CESQL is refused clearly under both of its names", () => {
  for (const name of ["cesql", "sql"]) {
    expect(problemsOf({ filters: [{ [name]: "type = 'a'" }] })[0]).toContain(
      `filters[0].${name}: CESQL is not supported yet`,
    );
  }
});

test("parse: too many or too deep filters are refused", () => {
  const many = Array.from({ length: filterNodesMax + 5 }, () => ({ exact: { type: "a" } }));
  expect(problemsOf({ filters: many })).toHaveLength(1);
  let deep: unknown = { exact: { type: "a" } };
  for (let level = 0; level < filterDepthMax; level += 1) deep = { not: deep };
  expect(problemsOf({ filters: [deep] })[0]).toContain("levels");
});

test("parse: never throws", () => {
  fc.assert(
    fc.property(fc.anything(), fc.anything(), (filter, filters) => {
      parseFilter({ filter, filters });
      parseFilter({ filters: [filters] });
    }),
    { numRuns: 200 },
  );
});
