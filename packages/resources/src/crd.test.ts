import { existsSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";
import { parse } from "yaml";
import { editorSchema } from "./json-schema.ts";
import { type JsonSchema, knownFields } from "./object-schema.ts";
import { kinds } from "./registry.ts";

const folder = fileURLToPath(new URL("../../../../shared/data/knative-crds/", import.meta.url));
const present = existsSync(folder);

/** Fields of Knative that are refused, each with the reason. */
const refused: Readonly<Record<string, string>> = {
  CACerts: "certificates are trusted by the process, not by destination",
  audience: "no OIDC tokens yet",
  brokerRef: "an alpha feature for Brokers of other namespaces",
};

interface CrdSchema {
  readonly properties?: Readonly<Record<string, CrdSchema>>;
  readonly items?: CrdSchema;
}

function* fieldsOf(schema: CrdSchema, path: readonly PropertyKey[]): Generator<readonly PropertyKey[]> {
  if (schema.items) yield* fieldsOf(schema.items, [...path, 0]);
  for (const [name, inner] of Object.entries(schema.properties ?? {})) {
    yield [...path, name];
    if (!(name in refused)) yield* fieldsOf(inner, [...path, name]);
  }
}

test("crds: Knative's are there in continuous integration", () => {
  expect(present || process.env.CI !== "true").toBe(true);
});

test
  .skipIf(!present)
  .each([
    "Broker",
    "Trigger",
    "PingSource",
    "KafkaSource",
    "KafkaSink",
    "RabbitmqSource",
    "ContainerSource",
    "SinkBinding",
  ])("crds: every field of %s is known, or refused with a reason", (kind) => {
  const definition = kinds.find((each) => each.kind === kind)!;
  const crd = parse(readFileSync(`${folder}${definition.group}_${kind}.yaml`, "utf8"));
  const version = crd.spec.versions.find((each: { name: string }) => each.name === definition.version);
  const fields = [...fieldsOf(version.schema.openAPIV3Schema.properties.spec, ["spec"])];
  const unknown = fields.filter((path) => {
    const name = String(path.at(-1));
    return !(name in refused) && !knownFields(definition, path.slice(0, -1)).includes(name);
  });
  expect(fields.length).toBeGreaterThan(10);
  expect(unknown.map((path) => path.join("."))).toEqual([]);
  expect(crd.spec.names).toMatchObject({
    plural: definition.plural,
    singular: definition.singular,
    categories: definition.categories,
  });
  expect(definition.columns.map(({ name, type }) => [name, type])).toEqual(
    version.additionalPrinterColumns.map(({ name, type }: { name: string; type: string }) => [name, type]),
  );
});

test("editor schema: has a definition for every kind, resolves every reference, and describes every field of spec", () => {
  const schema = editorSchema();
  const text = JSON.stringify(schema);
  for (const [, name] of text.matchAll(/"#\/definitions\/([^"]+)"/g)) expect(schema.definitions).toHaveProperty(name!);
  expect(text).not.toContain('"$ref":"#"');
  for (const { kind } of kinds) {
    const { spec } = schema.definitions![kind]!.properties!;
    const bare = Object.entries(spec!.properties!).filter(
      ([, field]: [string, JsonSchema]) => !field.description && !field.$ref,
    );
    expect([kind, bare]).toEqual([kind, []]);
  }
});

test("editor schema: explains the annotations of each kind where they belong", () => {
  const { Broker, Service } = editorSchema().definitions!;
  const ofBroker = Broker!.properties!.metadata!.properties!.annotations!.properties!;
  expect(ofBroker["rouse.dev/log-max-age"]).toEqual({
    type: "string",
    description: "How long the log keeps events. Default: P7D.",
  });
  expect(ofBroker).not.toHaveProperty(["rouse.dev/paused"]);
  const template = Service!.properties!.spec!.properties!.template!.properties!.metadata!;
  expect(template.properties!.annotations!.properties).toHaveProperty(["autoscaling.knative.dev/min-scale"]);
});
