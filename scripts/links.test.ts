import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, test } from "vitest";
import { anchorsOf, brokenLinks, linksOf, pathsOf } from "./links.mjs";

test("links: relative ones outside of code are found, with their lines", () => {
  const text = "[a](b.md) [c](https://d) `[e](f)`\n```sh\n[g](h)\n```\n[![i](j.png)](k#l)\n";
  expect(linksOf(text)).toEqual([
    { target: "b.md", line: 1 },
    { target: "k#l", line: 5 },
  ]);
});

test("paths: code spans that name a place of the checkout are found, patterns are not", () => {
  const text = "`packages/base/src` and `docs/a.md`, `packages/*/src`, `packages/<name>`, `e2e/`, `other/b`\n";
  expect(pathsOf(text).map(({ path }) => path)).toEqual(["packages/base/src", "docs/a.md"]);
});

test("anchors: lower case, without punctuation, and numbered when they repeat", () => {
  expect(anchorsOf("# What `a` is: b\n## Two\n```\n# no\n```\n## Two\n")).toEqual(["what-a-is-b", "two", "two-1"]);
});

test("broken links: a missing file, a missing heading and a way out of the folder are told", () => {
  const folder = mkdtempSync(join(tmpdir(), "rouse-links-"));
  try {
    writeFileSync(
      join(folder, "a.md"),
      "# Here\n[1](b.md) [2](#here) [3](#there)\n[4](../x.md) [5](c.md#one) [6](.)\n",
    );
    writeFileSync(join(folder, "c.md"), "# One\n");
    expect(brokenLinks(["a.md"], folder)).toEqual([
      "a.md:2: there is no b.md",
      "a.md:2: a.md has no heading #there",
      "a.md:3: there is no ../x.md",
    ]);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
});
