import { didYouMean, findKindByName, type KindDefinition, kinds, kindsInCategory } from "@rouse/resources";
import { CliFault } from "../errors.ts";

/** The kinds that a word names: `triggers`, `ksvc`, `triggers,brokers`, or a category such as `all`. */
export function kindsOf(word: string): readonly KindDefinition[] {
  return word.split(",").flatMap((each) => {
    const found = findKindByName(each);
    if (found) return [found];
    const category = kindsInCategory(each.toLowerCase());
    if (category.length > 0) return category;
    throw unknownKind(each);
  });
}

/** The one kind that a word names. */
export function kindOf(word: string): KindDefinition {
  const found = findKindByName(word);
  if (!found) throw unknownKind(word);
  return found;
}

function unknownKind(word: string): CliFault {
  const known = kinds.flatMap((each) => [each.plural, each.singular, ...each.shortNames]);
  const hint = didYouMean(word, known) ?? `kinds are ${kinds.map((each) => each.plural).join(", ")}`;
  return new CliFault("CLI_USAGE", `kind "${word}" is not known`, { hint });
}
