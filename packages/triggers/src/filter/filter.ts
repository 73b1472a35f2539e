/** Attribute names and the values they are compared with; at least one pair. */
export type AttributePairs = Readonly<Record<string, string>>;

/**
 * A filter in one of Knative's dialects. `attributes` is the older `spec.filter.attributes`: an empty value there means
 * that the attribute is present and not empty. An empty `all`, `any` or `not` takes every event, as in Knative.
 */
export type Filter =
  | { readonly kind: "everything" }
  | { readonly kind: "attributes"; readonly pairs: AttributePairs }
  | { readonly kind: "exact"; readonly pairs: AttributePairs }
  | { readonly kind: "prefix"; readonly pairs: AttributePairs }
  | { readonly kind: "suffix"; readonly pairs: AttributePairs }
  | { readonly kind: "all"; readonly filters: readonly Filter[] }
  | { readonly kind: "any"; readonly filters: readonly Filter[] }
  | { readonly kind: "not"; readonly filter: Filter };
