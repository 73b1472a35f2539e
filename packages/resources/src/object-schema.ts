import { z } from "zod";
import type { KindDefinition } from "./kind.ts";
import { metadataSchema } from "./metadata.ts";
import { servedApiVersions } from "./served-versions.ts";

/** The part of JSON schema that is looked at here. */
export interface JsonSchema {
  readonly $ref?: string;
  readonly properties?: Readonly<Record<string, JsonSchema>>;
  readonly items?: JsonSchema;
  readonly additionalProperties?: JsonSchema | boolean;
  readonly definitions?: Readonly<Record<string, JsonSchema>>;
  readonly [keyword: string]: unknown;
}

interface Schemas {
  readonly zod: z.ZodType;
  readonly json: JsonSchema;
}

const made = new WeakMap<KindDefinition, Schemas>();

/** The schema of a whole object of a kind, before defaults; made once per kind. */
export function objectSchema(definition: KindDefinition): z.ZodType {
  return schemasOf(definition).zod;
}

/** The same as JSON schema (draft 7). */
export function objectJsonSchema(definition: KindDefinition): JsonSchema {
  return schemasOf(definition).json;
}

/** The fields that an object may have at a path (map keys and indexes are passed over); empty where anything goes. */
export function knownFields(definition: KindDefinition, path: readonly PropertyKey[]): readonly string[] {
  const root = objectJsonSchema(definition);
  let at: JsonSchema | undefined = root;
  for (const segment of path) {
    const here: JsonSchema | undefined = at && dereference(root, at);
    const rest: JsonSchema | boolean | undefined = here?.additionalProperties;
    const own: JsonSchema["properties"] = here?.properties;
    if (own !== undefined && Object.hasOwn(own, segment)) at = own[String(segment)];
    else at = here?.items ?? (typeof rest === "object" ? rest : undefined);
  }
  return Object.keys((at && dereference(root, at))?.properties ?? {});
}

function dereference(root: JsonSchema, schema: JsonSchema): JsonSchema {
  const name = schema.$ref?.split("/").at(-1);
  return name === undefined ? schema : (root.definitions?.[name] ?? schema);
}

function schemasOf(definition: KindDefinition): Schemas {
  const known = made.get(definition);
  if (known !== undefined) return known;
  const zod = z
    .strictObject({
      apiVersion: z.literal(servedApiVersions(definition)).describe("Group and version of the kind."),
      kind: z.literal(definition.kind).describe("The kind."),
      metadata: metadataSchema,
      ...contentOf(definition),
    })
    .describe(definition.description);
  const json = z.toJSONSchema(zod, { target: "draft-7", io: "input" }) as JsonSchema;
  const schemas = { zod, json };
  made.set(definition, schemas);
  return schemas;
}

function contentOf({ spec, specOptional, fields }: KindDefinition): Readonly<Record<string, z.ZodType>> {
  const status = z.unknown().optional().describe("Written by the server; ignored when applied.");
  return spec === undefined ? { ...fields, status } : { spec: specOptional ? spec.optional() : spec, status };
}
