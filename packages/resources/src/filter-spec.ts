/** Attribute names and the text they are compared with. */
export type AttributeMap = Readonly<Record<string, string>>;

/** One filter: exactly one dialect is set. An empty `all`, `any` or `not` takes every event. */
export interface FilterSpec {
  readonly exact?: AttributeMap | undefined;
  readonly prefix?: AttributeMap | undefined;
  readonly suffix?: AttributeMap | undefined;
  readonly all?: readonly FilterSpec[] | undefined;
  readonly any?: readonly FilterSpec[] | undefined;
  readonly not?: FilterSpec | undefined;
  readonly cesql?: string | undefined;
  readonly sql?: string | undefined;
}

/** The older filter: every attribute must be equal; an empty text means "present and not empty". */
export interface AttributesFilter {
  readonly attributes?: AttributeMap | undefined;
}
