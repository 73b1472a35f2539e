/** What images and engines are for, in the words of images: `linux`, `amd64`. */
export interface Platform {
  readonly os: string;
  readonly arch: string;
}

/** What a processor runs beside its own architecture. */
const runsToo: Readonly<Record<string, readonly string[]>> = { amd64: ["386"], arm64: ["arm"] };

/** Whether an engine can be expected to run an image; a field that is empty excludes nothing. */
export function runsOn(image: Platform, engine: Platform & { readonly emulates: boolean }): boolean {
  if (image.os !== "" && image.os !== engine.os) return false;
  if (image.arch === "" || engine.arch === "unknown" || engine.emulates) return true;
  return image.arch === engine.arch || (runsToo[engine.arch] ?? []).includes(image.arch);
}
