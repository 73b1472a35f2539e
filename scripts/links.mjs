// Finds relative links in Markdown files that lead nowhere: to a file that is not there, or to a heading that is not in it.
import { spawnSync } from "node:child_process";
import { existsSync, readFileSync, statSync } from "node:fs";
import { dirname, join, normalize } from "node:path";
import { fileURLToPath } from "node:url";
import { root } from "./steps.mjs";

const inline = /\[(?:[^\][]|\[[^\]]*\])*\]\(([^()\s]+)\)/g;

/** The text without code, in which brackets mean something else. */
function prose(markdown) {
  return markdown
    .replace(/^```[^\n]*\n[\s\S]*?^```$/gm, (block) => block.replace(/[^\n]/g, ""))
    .replace(/`[^`\n]*`/g, "");
}

/** The anchors that GitHub makes of a page's headings. */
export function anchorsOf(markdown) {
  const withoutBlocks = markdown.replace(/^```[^\n]*\n[\s\S]*?^```$/gm, "");
  const seen = new Map();
  return [...withoutBlocks.matchAll(/^#{1,6} +(.+?) *#*$/gm)].map(([, heading]) => {
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

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const complaints = brokenLinks(markdownFiles());
  for (const line of complaints) console.error(line);
  process.exit(complaints.length === 0 ? 0 : 1);
}
