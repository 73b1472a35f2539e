// Writes the generated pages of docs/reference, or, with --check, says which are stale. Also holds errors.md against the
// codes in the sources, and the version against package.json. Needs the built packages.
import { existsSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { root } from "./steps.mjs";

const reference = join(root, "docs", "reference");
const codePattern = /"((?:EVENT|RESOURCE|LOG|NATS|BROKER|TRIGGER|SOURCE|SERVING|STORE|SERVER|CLI)_[A-Z_]+)"/g;
const built = (name) => import(join(root, "packages", name, "dist", "index.js"));

function* sources(folder) {
  for (const entry of readdirSync(folder, { withFileTypes: true })) {
    const path = join(folder, entry.name);
    if (entry.isDirectory()) {
      if (entry.name !== "dist" && entry.name !== "node_modules") yield* sources(path);
    } else if (/\.ts$/.test(entry.name) && !/\.(test|conformance|testing)\.ts$/.test(entry.name)) yield path;
  }
}

/** Codes that the code has and errors.md lacks, and the reverse. */
function errorComplaints() {
  const page = readFileSync(join(reference, "errors.md"), "utf8");
  const described = new Set([...page.matchAll(/^\| `([A-Z_]+)` \|/gm)].map((match) => match[1]));
  const used = new Set();
  for (const path of sources(join(root, "packages"))) {
    for (const match of readFileSync(path, "utf8").matchAll(codePattern)) used.add(match[1]);
  }
  return [
    ...[...used].filter((code) => !described.has(code)).map((code) => `docs/reference/errors.md lacks an entry for ${code}`),
    ...[...described].filter((code) => !used.has(code)).map((code) => `docs/reference/errors.md describes ${code}, which nothing uses`),
  ];
}

function versionComplaints(version) {
  const wanted = JSON.parse(readFileSync(join(root, "package.json"), "utf8")).version;
  return version === wanted ? [] : [`packages/server/src/version.ts says ${version}, package.json says ${wanted}`];
}

function annotationsPage(definitions) {
  const rows = definitions.map(({ name, kinds, place, defaultText, doc }) => {
    const where = place === "metadata" ? "" : place === "template" ? " (template)" : " (or its template)";
    return `| \`${name}\` | ${kinds.join(", ")}${where} | ${defaultText === undefined ? "–" : `\`${defaultText}\``} | ${doc} |`;
  });
  return [
    "# Annotations",
    "",
    "<!-- Written by scripts/generate.mjs from packages/resources/src/annotations.ts; do not edit. -->",
    "",
    "Every annotation that means something here. Unknown `rouse.dev/*` names are refused; all others are kept and ignored.",
    "",
    "| annotation | on | default | what it does |",
    "|---|---|---|---|",
    ...rows,
    "",
  ].join("\n");
}

function commandSection(command, path) {
  const name = [...path, command.name()].join(" ");
  const own = ["", `## ${name}`, "", "```text", command.helpInformation().trimEnd(), "```"];
  return [...own, ...command.commands.filter((each) => each.name() !== "help").flatMap((each) => commandSection(each, [...path, command.name()]))];
}

function commandsPage(program) {
  const lines = [
    "# Commands",
    "",
    "<!-- Written by scripts/generate.mjs from packages/cli/src/commands; do not edit. -->",
    ...commandSection(program, []),
    "",
  ];
  return lines.join("\n");
}

async function pages() {
  const [{ annotationDefinitions, editorSchema }, { version }, cli] = await Promise.all([built("resources"), built("server"), built("cli")]);
  const texts = {
    "annotations.md": annotationsPage(annotationDefinitions),
    "rouse.schema.json": `${JSON.stringify(editorSchema(), null, 2)}\n`,
    "commands.md": commandsPage(cli.referenceProgram()),
  };
  return { texts, complaints: [...errorComplaints(), ...versionComplaints(version)] };
}

const { texts, complaints } = await pages();
for (const [name, text] of Object.entries(texts)) {
  const path = join(reference, name);
  const stale = !existsSync(path) || readFileSync(path, "utf8") !== text;
  if (!stale) continue;
  if (process.argv.includes("--check")) complaints.push(`docs/reference/${name} is stale; run: node scripts/generate.mjs`);
  else writeFileSync(path, text);
}
for (const line of complaints) console.error(line);
process.exit(complaints.length === 0 ? 0 : 1);
