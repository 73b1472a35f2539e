import type { z } from "zod";
import type { Checks } from "./checks.ts";
import type { PrinterColumn } from "./columns.ts";
import type { ConditionSet } from "./conditions.ts";
import type { Findings, Problem } from "./problem.ts";
import type { ResourceObject } from "./resource-object.ts";

/**
 * One kind, complete: schema, columns, CRD, OpenAPI and admission are all derived from this value.
 * Its functions are pure; `defaults`, `validate` and `immutable` see only objects that the schema has taken.
 */
export interface KindDefinition<T extends ResourceObject = ResourceObject> {
  readonly group: string;
  /** The version that is stored, and that clients should use. */
  readonly version: string;
  /** Older versions that are served and taken too. Their fields are the same; only the apiVersion is another. */
  readonly alsoServed?: readonly string[];
  readonly kind: string;
  readonly plural: string;
  readonly singular: string;
  readonly shortNames: readonly string[];
  readonly categories: readonly string[];
  /** One sentence for `explain` and for editors. */
  readonly description: string;
  /** The schema of `spec`, before defaults; strict. Undefined: the kind has no `spec`, but `fields`. */
  readonly spec: z.ZodType | undefined;
  /** Schemas of what stands beside the metadata in a kind without `spec`. */
  readonly fields?: Readonly<Record<string, z.ZodType>>;
  /** Which of `fields` hold what no message may show. */
  readonly confidential?: readonly string[];
  /** Whether a document may leave `spec` out. */
  readonly specOptional: boolean;
  /** Fields that Knative has and we refuse: path below the object, an index as `[]`, and what to do instead. */
  readonly unsupported: Readonly<Record<string, string>>;
  /** Fills in what was left out; never changes what is there. */
  defaults(object: T): T;
  validate(object: T, checks: Checks): Findings;
  /** What may not change from one version of an object to the next; both with defaults. */
  immutable(old: T, next: T): readonly Problem[];
  readonly columns: readonly PrinterColumn[];
  readonly conditions: ConditionSet;
}
