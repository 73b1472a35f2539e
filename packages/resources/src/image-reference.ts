/** The parts of the name of an image. */
export interface ImageReference {
  /** With the registry, where one is named: `registry.example.com:5000/team/app`. */
  readonly repository: string;
  readonly tag: string | undefined;
  /** `sha256:…`. */
  readonly digest: string | undefined;
}

/** The name of an image in parts, or why it is none. */
export type ImageRead =
  | { readonly kind: "image"; readonly image: ImageReference }
  | { readonly kind: "invalid"; readonly expected: string; readonly hint: string | undefined };

const expected = "the name of an image, such as registry.example.com/team/app:1.2";
const host = /^(?:localhost|[A-Za-z0-9-]+(?:\.[A-Za-z0-9-]+)+|\[[0-9a-fA-F:]+\]|[A-Za-z0-9-]+(?=:))(?::\d{1,5})?$/;
const component = /^[a-z0-9]+(?:(?:\.|_|__|-+)[a-z0-9]+)*$/;
const tagPattern = /^\w[\w.-]{0,127}$/;
const digestPattern = /^[a-z0-9]+(?:[.+_-][a-z0-9]+)*:[0-9a-fA-F]{32,}$/;
const repositoryLengthMax = 255;

/** Reads `[registry[:port]/]path[:tag][@digest]`. */
export function readImage(text: string): ImageRead {
  const [named = "", ...digests] = text.split("@");
  const colon = named.lastIndexOf(":");
  const tagged = colon > named.lastIndexOf("/");
  const repository = tagged ? named.slice(0, colon) : named;
  const tag = tagged ? named.slice(colon + 1) : undefined;
  const digest = digests[0];
  const complaint = repositoryComplaint(repository) ?? suffixComplaint(tag, digests);
  if (complaint !== undefined) return { kind: "invalid", expected, hint: complaint === "" ? undefined : complaint };
  return { kind: "image", image: { repository, tag, digest } };
}

/** A hint, empty where there is none to give; undefined when all is in order. */
function repositoryComplaint(repository: string): string | undefined {
  if (/^\w+:\/\//.test(repository)) return "leave out the scheme";
  if (/\s/.test(repository)) return "it cannot have spaces";
  if (repository.length > repositoryLengthMax) return `at most ${repositoryLengthMax} characters before the tag`;
  const parts = repository.split("/");
  const path = parts.length > 1 && host.test(parts[0]!) ? parts.slice(1) : parts;
  if (path.every((part) => component.test(part))) return undefined;
  const small = path.map((part) => part.toLowerCase());
  const capitals = small.every((part) => component.test(part));
  return capitals ? `names of images have no capitals: ${[...parts.slice(0, -path.length), ...small].join("/")}` : "";
}

function suffixComplaint(tag: string | undefined, digests: readonly string[]): string | undefined {
  if (tag !== undefined && !tagPattern.test(tag)) return "a tag has letters, digits, underscores, dots and hyphens";
  if (digests.length > 1) return "one digest at most";
  return digests.length === 1 && !digestPattern.test(digests[0]!) ? "a digest is sha256: and 64 digits" : undefined;
}
