import type { JsonObject } from "../store/port.ts";
import { Refusal } from "./status.ts";

/** Decides about one object. */
export type Selector = (object: JsonObject) => boolean;

const setTerm = /^\s*([^\s!=,()]+)\s+(in|notin)\s*\(([^()]*)\)\s*$/;
const equalityTerm = /^\s*([^\s!=,()]+)\s*(==|=|!=)\s*([^\s!=,()]*)\s*$/;
const existsTerm = /^\s*(!?)\s*([^\s!=,()]+)\s*$/;

/** Reads a label selector (`a=b`, `a!=b`, `a`, `!a`, `a in (x,y)`, `a notin (x)`, joined by commas). */
export function labelSelector(text: string | undefined): Selector {
  const tests = splitTerms(text ?? "").map(labelTest);
  return (object) => {
    const labels = ((object.metadata as JsonObject | undefined)?.labels ?? {}) as Readonly<Record<string, string>>;
    return tests.every((test) => test(labels));
  };
}

/** Reads a field selector (`metadata.name=x`, joined by commas); `fields` are the paths that may be asked for. */
export function fieldSelector(text: string | undefined, fields: readonly string[]): Selector {
  const tests = splitTerms(text ?? "").map((term) => {
    const match = equalityTerm.exec(term);
    if (!match) throw new Refusal("BadRequest", `invalid field selector "${term}": expected field=value`);
    const [, path = "", operator, wanted = ""] = match;
    if (!fields.includes(path)) throw new Refusal("BadRequest", `field label not supported: ${path}`);
    return (object: JsonObject) => (valueAt(object, path) === wanted) === (operator !== "!=");
  });
  return (object) => tests.every((test) => test(object));
}

function labelTest(term: string): (labels: Readonly<Record<string, string>>) => boolean {
  const set = setTerm.exec(term);
  if (set) {
    const [, name = "", operator, list = ""] = set;
    const values = list.split(",").map((value) => value.trim());
    // As Kubernetes has it: an object without the label is not in any set.
    return (labels) => (Object.hasOwn(labels, name) && values.includes(labels[name]!)) === (operator === "in");
  }
  const equality = equalityTerm.exec(term);
  if (equality) {
    const [, name = "", operator, wanted] = equality;
    return (labels) => (Object.hasOwn(labels, name) && labels[name] === wanted) === (operator !== "!=");
  }
  const exists = existsTerm.exec(term);
  if (!exists) throw new Refusal("BadRequest", `unable to parse requirement: invalid label selector "${term}"`);
  const [, not, name = ""] = exists;
  return (labels) => Object.hasOwn(labels, name) === (not === "");
}

/** Splits at the commas outside parentheses. */
function splitTerms(text: string): string[] {
  const terms: string[] = [];
  let depth = 0;
  let start = 0;
  for (let at = 0; at <= text.length; at++) {
    const char = text[at];
    if (char === "(") depth++;
    else if (char === ")") depth--;
    else if ((char === "," && depth === 0) || at === text.length) {
      terms.push(text.slice(start, at));
      start = at + 1;
    }
  }
  return terms.filter((term) => term.trim() !== "");
}

function valueAt(object: JsonObject, path: string): string {
  let at: unknown = object;
  for (const name of path.split(".")) at = (at as JsonObject | undefined)?.[name];
  return at === undefined || at === null ? "" : String(at);
}
