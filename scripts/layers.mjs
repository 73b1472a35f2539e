// Holds every import against the table below, which is the picture of ARCHITECTURE.md in rows: packages import downwards
// only, and each outside library is used where the table puts it. Prints what is wrong with the way out; exits 1 when anything is.
import { readdirSync, readFileSync } from "node:fs";
import { dirname, join, relative, resolve } from "node:path";
import { fileURLToPath } from "node:url";

const root = resolve(dirname(fileURLToPath(import.meta.url)), "..");

/** What each package may import: other packages of the house, and outside libraries. */
export const table = {
  base: { inside: [], outside: [] },
  events: { inside: ["base"], outside: [] },
  resources: { inside: ["base", "events"], outside: ["zod", "yaml"] },
  broker: {
    inside: ["base", "events"],
    outside: ["@nats-io/transport-node", "@nats-io/jetstream", "@nats-io/nats-core", "fastify"],
  },
  triggers: { inside: ["base", "events"], outside: ["undici"] },
  sources: {
    inside: ["base", "events"],
    outside: [
      "croner",
      "kafkajs",
      "lz4js",
      "fzstd",
      "snappyjs",
      "amqplib",
      "@nats-io/transport-node",
      "@nats-io/jetstream",
    ],
  },
  "serving-client": { inside: ["base"], outside: ["chokidar", "dockerode"] },
  server: {
    inside: ["base", "events", "resources", "broker", "triggers", "sources", "serving-client"],
    outside: [
      "@nats-io/transport-node",
      "@nats-io/jetstream",
      "@nats-io/kv",
      "fastify",
      "pino",
      "prom-client",
      "selfsigned",
      "httpxy",
    ],
  },
  cli: {
    inside: ["base", "events", "resources", "server"],
    outside: ["commander", "undici", "chokidar", "yaml"],
  },
};

/** What tests may use beside their package's own row. */
const testLibraries = ["vitest", "fast-check", "cloudevents", "undici", "fastify", "node-cron", "ws"];
const importPattern =
  /(?:^|\s)(?:import|export)\s(?:[^"';]*?\sfrom\s*)?["']([^"']+)["']|import\(\s*["']([^"']+)["']\s*\)/g;

/** Names of the packages and libraries that a source text imports. */
export function importsOf(text) {
  return [...text.matchAll(importPattern)].map((match) => match[1] ?? match[2]);
}

function* sources(folder) {
  for (const entry of readdirSync(folder, { withFileTypes: true })) {
    const path = join(folder, entry.name);
    if (entry.isDirectory()) yield* sources(path);
    else if (entry.name.endsWith(".ts")) yield path;
  }
}

/** The complaint about one import, or undefined when it is in order. */
export function complaint(packageName, file, specifier) {
  const row = table[packageName];
  const isTest = /\.(test|conformance|testing)\.ts$/.test(file);
  if (specifier.startsWith("node:")) return undefined;
  if (specifier.startsWith(".")) {
    if (!specifier.endsWith(".ts")) return `"${specifier}" must end in .ts`;
    const inside = join("packages", packageName, "src");
    const target = relative(root, resolve(root, dirname(file), specifier));
    return target.startsWith(inside)
      ? undefined
      : `"${specifier}" leaves the package; import its front door, @rouse/<name>`;
  }
  if (specifier.startsWith("@rouse/")) {
    const name = specifier.slice("@rouse/".length);
    return row.inside.includes(name)
      ? undefined
      : `${packageName} must not import @rouse/${name}; it may import ${row.inside.map((n) => `@rouse/${n}`).join(", ") || "nothing of the house"}`;
  }
  const library = specifier
    .split("/")
    .slice(0, specifier.startsWith("@") ? 2 : 1)
    .join("/");
  if (row.outside.includes(library) || (isTest && testLibraries.includes(library))) return undefined;
  return `${packageName} must not use ${library}; its row allows ${row.outside.join(", ") || "no outside library"}`;
}

/** Machine time and chance enter through base/clock.ts and through arguments alone. */
function forbiddenCalls(packageName, file, text) {
  if (/\.(test|conformance|testing)\.ts$/.test(file) || (packageName === "base" && file.endsWith("/clock.ts")))
    return [];
  const code = text.replace(/\/\*[\s\S]*?\*\//g, "").replace(/^\s*\/\/.*$/gm, "");
  return ["Date.now(", "new Date()", "setTimeout(", "setInterval(", "performance.now("]
    .filter((call) => new RegExp(`(^|[^.\\w])${call.replace(/[().]/g, "\\$&")}`, "m").test(code))
    .map((call) => `${call}…) is used; take a Clock from @rouse/base as an argument`);
}

function check() {
  const complaints = [];
  for (const packageName of Object.keys(table)) {
    for (const path of sources(join(root, "packages", packageName, "src"))) {
      const file = relative(root, path);
      const text = readFileSync(path, "utf8");
      for (const specifier of importsOf(text)) {
        const wrong = complaint(packageName, file, specifier);
        if (wrong) complaints.push(`${file}: ${wrong}`);
      }
      complaints.push(...forbiddenCalls(packageName, file, text).map((wrong) => `${file}: ${wrong}`));
      const lines = text.split("\n").length;
      if (lines > 500) complaints.push(`${file}: ${lines} lines; at most 500, split it by noun`);
    }
  }
  return complaints;
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const complaints = check();
  for (const line of complaints) console.error(line);
  console.log(complaints.length === 0 ? "layers: in order" : `layers: ${complaints.length} import(s) out of order`);
  process.exit(complaints.length === 0 ? 0 : 1);
}
