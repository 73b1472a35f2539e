// Writes the generated pages of docs/reference, or, with --check, says which are stale. Also holds errors.md against the
// codes in the sources, the version against package.json, and what pages name (files, headings, options) against what there
// is. Needs the built packages.
import { existsSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { documentComplaints, markdownFiles } from "./links.mjs";
import { root } from "./steps.mjs";

const reference = join(root, "docs", "reference");
const codePattern = /"((?:EVENT|RESOURCE|LOG|NATS|BROKER|TRIGGER|SOURCE|SERVING|STORE|SECRET|SERVER|CLI)_[A-Z_]+)"/g;
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
    ...[...used]
      .filter((code) => !described.has(code))
      .map((code) => `docs/reference/errors.md lacks an entry for ${code}`),
    ...[...described]
      .filter((code) => !used.has(code))
      .map((code) => `docs/reference/errors.md describes ${code}, which nothing uses`),
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

const cell = (text) => text.replaceAll("|", "\\|").replaceAll("\n", " ");

function optionRow({ flags, description, default: value }) {
  const shown = value === undefined || description.includes("(default:") ? "" : ` (default: \`${value}\`)`;
  return `| \`${cell(flags)}\` | ${cell(description)}${shown} |`;
}

function commandSection(command, path) {
  const name = [...path, command.name].join(" ");
  if (command.commands) return command.commands.flatMap((inner) => commandSection(inner, [...path, command.name]));
  const given = command.arguments ?? [];
  const options = command.options ?? [];
  const usage = [name, ...(options.length > 0 ? ["[options]"] : []), ...given.map((each) => each.name)].join(" ");
  const rows = [
    ...given.map(({ name: argument, description }) => `| \`${cell(argument)}\` | ${cell(description)} |`),
    ...options.map(optionRow),
  ];
  return [
    `## ${name}`,
    "",
    `\`${usage}\`: ${command.summary}.`,
    "",
    ...(command.description ? [command.description.replaceAll("\n", " "), ""] : []),
    ...(rows.length > 0 ? ["| argument or option | |", "|---|---|", ...rows, ""] : []),
    "```sh",
    ...command.examples,
    "```",
    "",
  ];
}

function commandsPage({ name, description, commands }, exitCodes) {
  const codes = Object.entries(exitCodes).map(([meaning, code]) => `| ${code} | ${exitMeaning(meaning)} |`);
  const lines = [
    "# Commands",
    "",
    "<!-- Written by scripts/generate.mjs from packages/cli/src/commands; do not edit. -->",
    "",
    `${description} \`${name} COMMAND --help\` shows the same in a terminal.`,
    "",
    ...commands.flatMap((command) => commandSection(command, [name])),
    "## Exit codes",
    "",
    "| code | meaning |",
    "|---|---|",
    ...codes,
    "",
  ];
  return lines.join("\n");
}

function exitMeaning(name) {
  const meanings = {
    ok: "done",
    failure: "failed, for a reason that has no code of its own",
    usage: "the command line was not understood",
    notFound: "what was named is not there",
    refused: "refused: invalid, or in conflict with what is there",
    unreachable: "no rouse server answers",
    interrupted: "ended by SIGINT (a server that drains ends with 0)",
    terminated: "ended by SIGTERM (a server that drains ends with 0)",
  };
  if (!Object.hasOwn(meanings, name))
    throw new Error(`scripts/generate.mjs does not know the exit code ${name}; describe it there`);
  return meanings[name];
}

/** Options of other programs that our pages name: the demo's, docker compose's. */
const otherOptions = ["--events", "--wait"];

function* optionsOf(command) {
  for (const { flags } of command.options ?? []) yield* flags.match(/--[a-z-]+/g);
  for (const inner of command.commands ?? []) yield* optionsOf(inner);
}

/** Options that people are told to use, and that no command has. */
function optionComplaints(program) {
  const known = new Set(["--help", "--version", ...otherOptions, ...optionsOf(program)]);
  const written = markdownFiles().filter((file) => /^(README\.md|docs\/[^/]+\.md|examples\/.*\.md)$/.test(file));
  return written.flatMap((file) => {
    const named = readFileSync(join(root, file), "utf8").match(/(?<![\w-])--[a-z][a-z-]+/g) ?? [];
    return [...new Set(named)]
      .filter((flag) => !known.has(flag))
      .map((flag) => `${file} names ${flag}, which no command has`);
  });
}

async function pages() {
  const [{ annotationDefinitions, editorSchema }, { version }, cli] = await Promise.all([
    built("resources"),
    built("server"),
    built("cli"),
  ]);
  const texts = {
    "annotations.md": annotationsPage(annotationDefinitions),
    "rouse.schema.json": `${JSON.stringify(editorSchema(), null, 2)}\n`,
    "commands.md": commandsPage(cli.rouse, cli.exitCodes),
  };
  return { texts, complaints: [...errorComplaints(), ...versionComplaints(version), ...optionComplaints(cli.rouse)] };
}

const { texts, complaints } = await pages();
for (const [name, text] of Object.entries(texts)) {
  const path = join(reference, name);
  const stale = !existsSync(path) || readFileSync(path, "utf8") !== text;
  if (!stale) continue;
  if (process.argv.includes("--check"))
    complaints.push(`docs/reference/${name} is stale; run: node scripts/generate.mjs`);
  else writeFileSync(path, text);
}
// After writing, so that links to pages that are new are right.
complaints.push(...documentComplaints());
for (const line of complaints) console.error(line);
process.exit(complaints.length === 0 ? 0 : 1);
