import { readDocuments } from "@rouse/resources";
import type { Json } from "../store/port.ts";
import type { MediaType } from "./negotiate.ts";
import { Refusal } from "./status.ts";

const depthMax = 200;

/** Reads a body; refuses with 400 what is no JSON, no single YAML document, or nested too deeply to work on. */
export function readBody(text: string, type: MediaType): Json {
  const value = type === "yaml" || type === "apply-patch" ? readYaml(text) : readJson(text);
  if (deeperThan(value, depthMax)) {
    throw new Refusal("BadRequest", `the request body is nested deeper than ${depthMax} levels`);
  }
  return value;
}

function readJson(text: string): Json {
  try {
    return JSON.parse(text) as Json;
  } catch (failure) {
    // The engine quotes what stands around the place, and that may be the value of a Secret.
    const [what] = (failure as Error).message.split(/, \.*"/, 1);
    throw new Refusal("BadRequest", `the request body is not JSON: ${what}`);
  }
}

function readYaml(text: string): Json {
  const { documents, problems } = readDocuments(text, "the request body");
  const first = problems[0];
  if (first) {
    throw new Refusal("BadRequest", `the request body is not YAML: line ${first.line}: ${first.message}`);
  }
  if (documents.length !== 1) {
    throw new Refusal("BadRequest", `expected one document in the request body, got ${documents.length}`);
  }
  return documents[0]!.value as Json;
}

/** Walks without recursion: what it guards against is a stack that overflows. */
function deeperThan(value: Json, levels: number): boolean {
  let layer: unknown[] = [value];
  for (let depth = 0; layer.length > 0; depth++) {
    if (depth > levels) return true;
    layer = layer.flatMap((each) => (typeof each === "object" && each !== null ? Object.values(each) : []));
  }
  return false;
}
