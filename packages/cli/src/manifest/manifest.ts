import { dirname } from "node:path";
import {
  admit,
  type Checks,
  type KindDefinition,
  kindName,
  type LocatedProblem,
  locateProblem,
  problem,
  type ResourceObject,
  readDocuments,
  type SourceDocument,
} from "@rouse/resources";
import type { ManifestFile } from "./files.ts";
import { withWorkdir } from "./workdir.ts";

/** One object that a manifest declares. */
export interface Declared {
  readonly definition: KindDefinition;
  /** What is sent: the document as it was written, in the stored version, with its namespace and an absolute workdir. */
  readonly document: Readonly<Record<string, unknown>>;
  /** With defaults. */
  readonly object: ResourceObject;
  readonly source: SourceDocument;
  readonly file: ManifestFile;
}

/** What a file holds. */
export type Manifest =
  | {
      readonly kind: "good";
      readonly file: ManifestFile;
      readonly objects: readonly Declared[];
      readonly warnings: readonly string[];
    }
  /** Nothing of it may be applied: it may be half saved. */
  | { readonly kind: "broken"; readonly file: ManifestFile; readonly problems: readonly LocatedProblem[] }
  /** No document in it. */
  | { readonly kind: "empty"; readonly file: ManifestFile }
  /** YAML of something else: no document has an apiVersion. */
  | { readonly kind: "foreign"; readonly file: ManifestFile };

/** How manifests are read. */
export interface ManifestOptions {
  readonly checks: Checks;
  /** Of documents that name none; and, when `onlyNamespace`, what all have to name. */
  readonly namespace: string;
  readonly onlyNamespace?: boolean;
  /** Folder of documents that come from standard input. */
  readonly cwd: string;
  /** Whether workdirs are made absolute: for a server that sees this machine's files. */
  readonly absoluteWorkdir: boolean;
}

/** Reads one file: every document is admitted as the server would, without a server. */
export function readManifest(file: ManifestFile, options: ManifestOptions): Manifest {
  const { documents, problems } = readDocuments(file.text, file.shown);
  const foreign = documents.length > 0 && documents.every(({ value }) => !hasApiVersion(value));
  if (!file.named && foreign) return { kind: "foreign", file };
  if (problems.length > 0) return { kind: "broken", file, problems };
  if (documents.length === 0) return { kind: "empty", file };
  const objects: Declared[] = [];
  const found: LocatedProblem[] = [];
  const warnings: string[] = [];
  for (const source of documents) {
    const folder = file.path === "-" ? options.cwd : dirname(file.path);
    const document = options.absoluteWorkdir ? withWorkdir(source.value, folder) : source.value;
    const admission = admit(document, options.checks, { namespace: options.namespace });
    warnings.push(...admission.warnings.map((text) => `${file.shown}:${source.line}: ${text}`));
    if (admission.kind === "refused") {
      found.push(...admission.problems.map((each) => locateProblem(source, each)));
      continue;
    }
    const { object, definition } = admission;
    const wrong = wrongNamespace(object, options);
    if (wrong) found.push(locateProblem(source, wrong));
    objects.push({ definition, object, source, file, document: placed(document, object) });
  }
  return found.length > 0 ? { kind: "broken", file, problems: found } : { kind: "good", file, objects, warnings };
}

/** `Trigger.eventing.knative.dev default/orders`: what tells objects apart. */
export function identityOf({ definition, object }: Pick<Declared, "definition" | "object">): string {
  return `${kindName(definition)} ${object.metadata.namespace}/${object.metadata.name}`;
}

/** Problems of objects that are declared more than once, at each but the first declaration. */
export function duplicates(objects: readonly Declared[]): readonly LocatedProblem[] {
  const first = new Map<string, Declared>();
  return objects.flatMap((each) => {
    const known = first.get(identityOf(each));
    if (!known) {
      first.set(identityOf(each), each);
      return [];
    }
    const message = `${each.object.kind} "${each.object.metadata.name}" is declared already at ${known.file.shown}:${known.source.line}`;
    return [
      locateProblem(each.source, problem("FieldValueInvalid", "metadata.name", { message, hint: "declare it once" })),
    ];
  });
}

function wrongNamespace(object: ResourceObject, { namespace, onlyNamespace }: ManifestOptions) {
  if (!onlyNamespace || object.metadata.namespace === namespace) return undefined;
  return problem("FieldValueInvalid", "metadata.namespace", {
    expected: `"${namespace}", as --namespace says`,
    got: `"${object.metadata.namespace}"`,
    hint: "leave one of them out",
  });
}

function placed(document: unknown, { apiVersion, metadata }: ResourceObject): Readonly<Record<string, unknown>> {
  const fields = document as Readonly<Record<string, unknown>>;
  const { namespace } = metadata;
  return { ...fields, apiVersion, metadata: { ...(fields.metadata as object), namespace } };
}

function hasApiVersion(value: unknown): boolean {
  return typeof value === "object" && value !== null && Object.hasOwn(value, "apiVersion");
}
