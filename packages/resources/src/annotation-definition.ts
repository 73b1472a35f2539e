import type { AnnotationParser } from "./annotation.ts";

/** Where an annotation may stand: on the object, on the Service's template, or on either (the template's wins). */
export type AnnotationPlace = "metadata" | "template" | "either";

/** One annotation: its name, the kinds it is for, how it is read, and what holds when it is absent. */
export interface AnnotationDefinition<T = unknown> {
  readonly name: string;
  /** An older name with the same meaning; where both stand, `name` counts. */
  readonly formerName?: string | undefined;
  readonly kinds: readonly string[];
  readonly place: AnnotationPlace;
  readonly parse: AnnotationParser<T>;
  readonly default: T;
  /** The default as people write it; undefined when there is none. */
  readonly defaultText: string | undefined;
  /** One line for reference pages. */
  readonly doc: string;
  /** What is told, as a warning, of a text that is accepted and means less here than in a cluster. */
  readonly remark?: (text: string) => string | undefined;
}

/** One kind, or several. */
type Kinds = string | readonly string[];

/** An annotation with a default; throws a TypeError when that cannot be read. */
export function define<T>(
  kind: Kinds,
  name: string,
  parse: AnnotationParser<T>,
  defaultText: string,
  doc: string,
  place?: AnnotationPlace,
): AnnotationDefinition<T> {
  const read = parse(defaultText);
  if (read.kind === "invalid") throw new TypeError(`${name}: the default ${defaultText} is no ${read.expected}`);
  return { name, kinds: [kind].flat(), place: place ?? "metadata", parse, default: read.value, defaultText, doc };
}

/** An annotation without a default. */
export function optional<T>(
  kind: Kinds,
  name: string,
  parse: AnnotationParser<T>,
  doc: string,
  place?: AnnotationPlace,
): AnnotationDefinition<T | undefined> {
  return {
    name,
    kinds: [kind].flat(),
    place: place ?? "metadata",
    parse,
    default: undefined,
    defaultText: undefined,
    doc,
  };
}
