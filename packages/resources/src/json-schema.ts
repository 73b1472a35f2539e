import { annotationDefinitions } from "./annotations.ts";
import { type JsonSchema, objectJsonSchema } from "./object-schema.ts";
import { kinds } from "./registry.ts";
import { servedApiVersions } from "./served-versions.ts";
import { hasTemplate } from "./template.ts";

const annotationPath = ["metadata", "annotations"];
const templateAnnotationPath = ["spec", "template", ...annotationPath];

/**
 * One JSON schema (draft 7, which YAML editors read best) for documents of every kind: `kind` chooses the definition,
 * so that an editor completes and explains the fields of that kind alone.
 */
export function editorSchema(): JsonSchema {
  const definitions: Record<string, JsonSchema> = {};
  for (const definition of kinds) {
    const { definitions: shared, $schema: _, ...own } = objectJsonSchema(definition);
    Object.assign(definitions, shared);
    definitions[definition.kind] = withAnnotations(own, definition.kind, annotationPath);
    if (hasTemplate(definition.kind)) {
      const whole = definitions[definition.kind]!;
      definitions[definition.kind] = withAnnotations(whole, definition.kind, templateAnnotationPath, "template");
    }
  }
  return {
    $schema: "http://json-schema.org/draft-07/schema#",
    title: "rouse",
    description: "Documents for rouse, in the shapes of Knative.",
    type: "object",
    required: ["apiVersion", "kind", "metadata"],
    properties: {
      apiVersion: { type: "string", enum: [...new Set(kinds.flatMap(servedApiVersions))] },
      kind: { type: "string", enum: kinds.map((definition) => definition.kind) },
    },
    allOf: kinds.map((definition) => ({
      if: { properties: { kind: { const: definition.kind } }, required: ["kind"] },
      // biome-ignore lint/suspicious/noThenProperty: the keyword of JSON schema.
      then: { $ref: `#/definitions/${definition.kind}` },
    })),
    definitions,
  };
}

/** The schema with the annotations of a kind listed, so that editors complete and explain them. */
function withAnnotations(
  schema: JsonSchema,
  kind: string,
  path: readonly string[],
  place: "metadata" | "template" = "metadata",
): JsonSchema {
  const [name, ...rest] = path;
  if (name !== undefined) {
    const inner = withAnnotations(schema.properties?.[name] ?? {}, kind, rest, place);
    return { ...schema, properties: { ...schema.properties, [name]: inner } };
  }
  const here = annotationDefinitions.filter(
    (each) => each.kinds.includes(kind) && (each.place === "either" || each.place === place),
  );
  const properties = here.map(({ name: of, doc, defaultText }) => {
    const description = defaultText === undefined ? doc : `${doc} Default: ${defaultText}.`;
    return [of, { type: "string", description }] as const;
  });
  return { ...schema, properties: Object.fromEntries(properties) };
}
