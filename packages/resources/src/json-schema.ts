import { type JsonSchema, objectJsonSchema } from "./object-schema.ts";
import { apiVersionOf, kinds } from "./registry.ts";

/**
 * One JSON schema (draft 7, which YAML editors read best) for documents of every kind: `kind` chooses the definition,
 * so that an editor completes and explains the fields of that kind alone.
 */
export function editorSchema(): JsonSchema {
  const definitions: Record<string, JsonSchema> = {};
  for (const definition of kinds) {
    const { definitions: shared, $schema: _, ...own } = objectJsonSchema(definition);
    Object.assign(definitions, shared);
    definitions[definition.kind] = own;
  }
  return {
    $schema: "http://json-schema.org/draft-07/schema#",
    title: "rouse",
    description: "Documents for rouse, in the shapes of Knative.",
    type: "object",
    required: ["apiVersion", "kind", "metadata"],
    properties: {
      apiVersion: { type: "string", enum: [...new Set(kinds.map(apiVersionOf))] },
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
