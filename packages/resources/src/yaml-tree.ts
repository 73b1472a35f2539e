import { type Document, isAlias, isMap, isScalar, isSeq, type Node, type Pair, type Scalar, visit } from "yaml";
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

/**
 * What parses as YAML and is still refused: keys that are there twice or are no text, merge keys, aliases without an
 * anchor or too many of them, the directive of YAML 1.1. The first is told.
 */
export function shapeFaults(
  document: Document.Parsed,
  aliasesMax: number,
): readonly { readonly offset: number; readonly problem: Problem }[] {
  const fault = (offset: number | undefined, expected: string, got: string, hint: string) => {
    const refused = problem("FieldValueInvalid", "", { expected, got, hint });
    return [{ offset: offset ?? document.range[0], problem: refused }];
  };
  if (document.directives?.yaml.version === "1.1" && document.directives.yaml.explicit) {
    return fault(undefined, "YAML 1.2", "a %YAML 1.1 directive", "remove the directive");
  }
  let found: ReturnType<typeof fault> = [];
  const anchors = new Set<string>();
  let aliases = 0;
  visit(document, {
    Pair(_, { key }) {
      const offset = (key as Node | undefined)?.range?.[0];
      const plain = isScalar(key) && ["string", "number", "boolean"].includes(typeof key.value);
      if (!plain) found = fault(offset, "a text as key", "something else", "put the key in quotes");
      else if (key.value === "<<") found = fault(offset, "no merge key", `"<<"`, "write the fields out");
      else return undefined;
      return visit.BREAK;
    },
    Node(_, node) {
      if (!isAlias(node)) {
        if (node.anchor !== undefined) anchors.add(node.anchor);
        const twice = isMap(node) ? duplicateKey(node.items) : undefined;
        if (twice === undefined) return undefined;
        found = fault(twice.range?.[0], "each key once", `"${twice.value}" twice`, "remove one of them");
        return visit.BREAK;
      }
      aliases += 1;
      if (anchors.has(node.source) && aliases <= aliasesMax) return undefined;
      if (aliases > aliasesMax) {
        found = fault(node.range?.[0], `at most ${aliasesMax} aliases`, "more", "write the values out");
        return visit.BREAK;
      }
      found = fault(
        node.range?.[0],
        "an anchor before its alias",
        "an alias alone",
        "put a text that begins with * in quotes",
      );
      return visit.BREAK;
    },
  });
  return found;
}

function duplicateKey(items: readonly Pair[]): Scalar | undefined {
  const seen = new Set<string>();
  for (const { key } of items) {
    if (!isScalar(key)) continue;
    const name = String(key.value);
    if (seen.has(name)) return key;
    seen.add(name);
  }
  return undefined;
}

function pairOf(items: readonly Pair[], name: string): Pair | undefined {
  return items.find(({ key }) => isScalar(key) && String(key.value) === name);
}
