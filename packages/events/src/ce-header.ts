import { checkAttributeName } from "./attributes.ts";
import { headerNamesRememberedMax } from "./limits.ts";

// A name that was seen before costs one look-up: no slicing, no checking, and property names that V8 knows already.
const remembered = new Map<string, string>();

/**
 * The attribute that a header stands for: `id` for `ce-id`, in any case; undefined when the name does not begin with
 * `ce-`. Throws EVENT_ATTRIBUTE_INVALID when what follows is no attribute name.
 */
export function attributeOfHeader(header: string): string | undefined {
  if ((header.charCodeAt(0) | 0x20) !== 0x63 || (header.charCodeAt(1) | 0x20) !== 0x65) return undefined;
  if (header.charCodeAt(2) !== 0x2d) return undefined;
  const known = remembered.get(header);
  if (known !== undefined) return known;
  const name = header.slice(3).toLowerCase();
  checkAttributeName(name);
  if (header.length <= 64) {
    if (remembered.size >= headerNamesRememberedMax) remembered.clear();
    remembered.set(header, name);
  }
  return name;
}
