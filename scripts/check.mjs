// npm run check: layers, types, lint and format, generated pages, unit tests. Under 30 seconds.
import { existsSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { prepare } from "./prepare.mjs";
import { quietly, root, seconds, tool } from "./steps.mjs";
import { line, none, plus, runProject, single } from "./test-counts.mjs";

const steps = [
  ["layers", [join(root, "scripts", "layers.mjs")]],
  ["types", [tool("tsc"), "-b"]],
  ["lint and format", [tool("biome"), "check", "--error-on-warnings", "."]],
  ["generated pages", [join(root, "scripts", "generate.mjs"), "--check"]],
];

/** Runs every step and the unit tests, and returns the counts; nothing stops at the first failure. */
export async function check() {
  let counts = none;
  for (const [name, args] of steps) {
    if (!existsSync(args[0])) continue;
    const begun = performance.now();
    const done = quietly(process.execPath, args);
    console.log(`${done.ok ? "ok    " : "FAILED"} ${name} (${seconds(performance.now() - begun)})`);
    if (!done.ok) console.log(done.output);
    counts = plus(counts, single(done.ok));
  }
  return plus(counts, await runProject("unit"));
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  await prepare();
  const counts = await check();
  console.log(line(counts));
  process.exit(counts.failed === 0 ? 0 : 1);
}
