import { existsSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";
import { parse } from "yaml";
import { formatPath } from "./field-path.ts";
import { editorSchema } from "./json-schema.ts";
import { type JsonSchema, knownFields } from "./object-schema.ts";
import { kinds } from "./registry.ts";
import { servedVersions } from "./served-versions.ts";

const folder = fileURLToPath(new URL("../../../../shared/data/knative-crds/", import.meta.url));
const present = existsSync(folder);

interface CrdSchema {
  readonly properties?: Readonly<Record<string, CrdSchema>>;
  readonly items?: CrdSchema;
}

/** Every field below a schema; below one that is refused nothing is looked at. */
function* fieldsOf(
  schema: CrdSchema,
  path: readonly PropertyKey[],
  refused: (path: readonly PropertyKey[]) => boolean,
): Generator<readonly PropertyKey[]> {
  if (schema.items) yield* fieldsOf(schema.items, [...path, 0], refused);
  for (const [name, inner] of Object.entries(schema.properties ?? {})) {
    const at = [...path, name];
    if (refused(at)) continue;
    yield at;
    yield* fieldsOf(inner, at, refused);
  }
}

test("crds: Knative's are there in continuous integration", () => {
  expect(present || process.env.CI !== "true").toBe(true);
});

const versioned = [
  ["Broker", "v1"],
  ["Trigger", "v1"],
  ["PingSource", "v1"],
  ["KafkaSource", "v1"],
  ["KafkaSource", "v1beta1"],
  ["KafkaSink", "v1alpha1"],
  ["RabbitmqSource", "v1alpha1"],
  ["ContainerSource", "v1"],
  ["SinkBinding", "v1"],
];

test.skipIf(!present).each(versioned)(
  "crds: every field of %s in %s is known, or refused with the way out",
  (kind, version) => {
    const definition = kinds.find((each) => each.kind === kind)!;
    expect(servedVersions(definition)).toContain(version);
    const crd = parse(readFileSync(`${folder}${definition.group}_${kind}.yaml`, "utf8"));
    const { schema, additionalPrinterColumns } = crd.spec.versions.find(
      (each: { name: string }) => each.name === version,
    );
    const refused = (path: readonly PropertyKey[]) =>
      definition.unsupported[formatPath(path).replace(/\[\d+\]/g, "[]")] !== undefined;
    const fields = [...fieldsOf(schema.openAPIV3Schema.properties.spec, ["spec"], refused)];
    const unknown = fields.filter((path) => !knownFields(definition, path.slice(0, -1)).includes(String(path.at(-1))));
    expect(fields.length).toBeGreaterThan(5);
    expect(unknown.map((path) => path.join("."))).toEqual([]);
    const { plural, categories, shortNames, singular = kind.toLowerCase() } = crd.spec.names;
    expect(definition).toMatchObject({ plural, singular, categories, shortNames: shortNames ?? [] });
    if (additionalPrinterColumns === undefined) return;
    expect(definition.columns.map(({ name, type }) => [name, type])).toEqual(
      additionalPrinterColumns.map(({ name, type }: { name: string; type: string }) => [name, type]),
    );
  },
);

test("editor schema: has a definition for every kind, resolves every reference, and describes every field of spec", () => {
  const schema = editorSchema();
  const text = JSON.stringify(schema);
  for (const [, name] of text.matchAll(/"#\/definitions\/([^"]+)"/g)) expect(schema.definitions).toHaveProperty(name!);
  expect(text).not.toContain('"$ref":"#"');
  for (const { kind } of kinds) {
    const { spec, ...others } = schema.definitions![kind]!.properties!;
    const bare = Object.entries(spec?.properties ?? others).filter(
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
