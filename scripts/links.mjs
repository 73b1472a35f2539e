// Finds what Markdown files name and what is not there: targets of relative links, headings, and paths of the checkout in
// code spans.
import { spawnSync } from "node:child_process";
import { existsSync, readFileSync, statSync } from "node:fs";
import { dirname, join, normalize } from "node:path";
import { fileURLToPath } from "node:url";
import { root } from "./steps.mjs";

const inline = /\[(?:[^\][]|\[[^\]]*\])*\]\(([^()\s]+)\)/g;

/** The text without fenced blocks, its lines where they were. */
function withoutBlocks(markdown) {
  return markdown.replace(/^```[^\n]*\n[\s\S]*?^```$/gm, (block) => block.replace(/[^\n]/g, ""));
}

/** The text without code, in which brackets mean something else. */
function prose(markdown) {
  return withoutBlocks(markdown).replace(/`[^`\n]*`/g, "");
}

/** The anchors that GitHub makes of a page's headings. */
export function anchorsOf(markdown) {
  const seen = new Map();
  return [...withoutBlocks(markdown).matchAll(/^#{1,6} +(.+?) *#*$/gm)].map(([, heading]) => {
    const anchor = heading
      .toLowerCase()
      .replace(/[^\p{L}\p{N} _-]/gu, "")
      .replaceAll(" ", "-");
    const count = seen.get(anchor) ?? 0;
    seen.set(anchor, count + 1);
    return count === 0 ? anchor : `${anchor}-${count}`;
  });
}

/** Targets of the relative links of a page, with their lines. */
export function linksOf(markdown) {
  return prose(markdown)
    .split("\n")
    .flatMap((text, index) => [...text.matchAll(inline)].map(([, target]) => ({ target, line: index + 1 })))
    .filter(({ target }) => !/^[a-z][a-z+.-]*:/i.test(target));
}

/** Paths of the checkout that a page names in code spans, with their lines; patterns and places to fill in are none. */
export function pathsOf(markdown) {
  const named = /`((?:bench|docs|e2e|examples|packages|scripts)\/[\w./-]*\w\/?)`/g;
  return withoutBlocks(markdown)
    .split("\n")
    .flatMap((text, index) => [...text.matchAll(named)].map(([, path]) => ({ path, line: index + 1 })));
}

/** What is wrong with the paths that pages name, as `page:line: sentence`. */
export function missingPaths(pages, folder = root) {
  return pages.flatMap((page) =>
    pathsOf(readFileSync(join(folder, page), "utf8"))
      .filter(({ path }) => !existsSync(join(folder, path)))
      .map(({ path, line }) => `${page}:${line}: there is no ${path}`),
  );
}

/** What is wrong with the links of the given pages (paths below `folder`), as `page:line: sentence`. */
export function brokenLinks(pages, folder = root) {
  return pages.flatMap((page) =>
    linksOf(readFileSync(join(folder, page), "utf8")).flatMap(({ target, line }) => {
      const [path, anchor] = target.split("#");
      const file = path === "" ? page : normalize(join(dirname(page), decodeURIComponent(path)));
      const at = join(folder, file);
      if (file.startsWith("..") || !existsSync(at)) return [`${page}:${line}: there is no ${file}`];
      if (anchor === undefined || statSync(at).isDirectory() || !file.endsWith(".md")) return [];
      const known = anchorsOf(readFileSync(at, "utf8")).includes(anchor);
      return known ? [] : [`${page}:${line}: ${file} has no heading #${anchor}`];
    }),
  );
}

/** Every Markdown file of the checkout that git does not ignore. */
export function markdownFiles() {
  const listed = spawnSync("git", ["ls-files", "-co", "--exclude-standard", "-z", "--", "*.md"], {
    cwd: root,
    encoding: "utf8",
  });
  return listed.stdout.split("\0").filter((file) => file !== "" && existsSync(join(root, file)));
}

/** Everything that is wrong with what the checkout's pages name. */
export function documentComplaints() {
  const pages = markdownFiles();
  return [...brokenLinks(pages), ...missingPaths(pages)];
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const complaints = documentComplaints();
  for (const line of complaints) console.error(line);
  process.exit(complaints.length === 0 ? 0 : 1);
}
