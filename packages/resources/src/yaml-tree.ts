import { type Document, isAlias, isMap, isScalar, isSeq, type Node, type Pair, visit } from "yaml";
import { type Problem, problem } from "./problem.ts";

/** The node at a path, or undefined when there is none; aliases are followed. */
export function nodeAt(document: Document.Parsed, path: readonly string[]): Node | undefined {
  let at: Node | undefined = document.contents ?? undefined;
  for (const segment of path) {
    if (isAlias(at)) at = at.resolve(document);
    if (isMap(at)) at = pairOf(at.items, segment)?.value as Node | undefined;
    else if (isSeq(at)) at = at.items[Number(segment)] as Node | undefined;
    else return undefined;
  }
  return at;
}

/** The offset of what a path names: its key, or its entry in a sequence; where it is missing, of what is around it. */
export function findSpot(document: Document.Parsed, path: readonly string[]): number {
  for (let length = path.length; length > 0; length--) {
    let parent = nodeAt(document, path.slice(0, length - 1));
    if (isAlias(parent)) parent = parent.resolve(document);
    const segment = path[length - 1]!;
    const spot = isMap(parent)
      ? pairOf(parent.items, segment)?.key
      : isSeq(parent)
        ? parent.items[Number(segment)]
        : undefined;
    const offset = (spot as Node | undefined)?.range?.[0];
    if (offset !== undefined) return offset;
  }
  return (document.contents ?? document).range?.[0] ?? 0;
}

/** What parses as YAML and is still refused: merge keys, keys that are no text, the directive of YAML 1.1. */
export function shapeFaults(
  document: Document.Parsed,
): readonly { readonly offset: number; readonly problem: Problem }[] {
  const fault = (offset: number | undefined, expected: string, got: string, hint: string) => {
    const found = problem("FieldValueInvalid", "", { expected, got, hint });
    return [{ offset: offset ?? document.range[0], problem: found }];
  };
  if (document.directives?.yaml.version === "1.1" && document.directives.yaml.explicit) {
    return fault(undefined, "YAML 1.2", "a %YAML 1.1 directive", "remove the directive");
  }
  let found: ReturnType<typeof fault> = [];
  visit(document, {
    Pair(_, { key }) {
      const offset = (key as Node | undefined)?.range?.[0];
      const plain = isScalar(key) && ["string", "number", "boolean"].includes(typeof key.value);
      if (!plain) found = fault(offset, "a text as key", "something else", "put the key in quotes");
      else if (key.value === "<<") found = fault(offset, "no merge key", `"<<"`, "write the fields out");
      else return undefined;
      return visit.BREAK;
    },
  });
  return found;
}

function pairOf(items: readonly Pair[], name: string): Pair | undefined {
  return items.find(({ key }) => isScalar(key) && String(key.value) === name);
}
