// Installs and builds when something changed since the last time, and does nothing when nothing did.
import { createHash } from "node:crypto";
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { quietly, root, run, tool } from "./steps.mjs";

const oldestNode = [20, 19];

function checkNode() {
  const [major, minor] = process.versions.node.split(".").map(Number);
  if (major > oldestNode[0] || (major === oldestNode[0] && minor >= oldestNode[1])) return;
  console.error(
    `rouse needs Node ${oldestNode.join(".")} or newer; this is ${process.versions.node}. See https://nodejs.org`,
  );
  process.exit(1);
}

async function install() {
  const stamp = join(root, "node_modules", ".rouse-installed");
  const wanted = createHash("sha256")
    .update(readFileSync(join(root, "package-lock.json")))
    .digest("hex");
  if (existsSync(stamp) && readFileSync(stamp, "utf8") === wanted) return;
  console.log("installing dependencies (npm ci) …");
  // Nothing here needs the scripts of packages; the optional native parts of some would be compiled by them.
  const code = await run("npm", ["ci", "--ignore-scripts", "--no-fund", "--no-audit", "--loglevel=error"]);
  if (code !== 0) {
    console.error("npm ci failed; its output above says why. Without a network, run this again when there is one.");
    process.exit(code);
  }
  writeFileSync(stamp, wanted);
}

function build() {
  const built = quietly(process.execPath, [tool("tsc"), "-b"]);
  if (built.ok) return;
  console.error(built.output);
  console.error("the build failed; the lines above say where");
  process.exit(1);
}

/** Everything that the other scripts need: a Node that is new enough, dependencies, and the built packages. */
export async function prepare() {
  checkNode();
  await install();
  build();
}

if (process.argv[1] === fileURLToPath(import.meta.url)) await prepare();
