/** A node of the tree; `label` is the text between it and its parent. */
interface Node<T> {
  label: string;
  readonly children: Map<number, Node<T>>;
  value: T | undefined;
}

/**
 * Values under texts, found by a longer text that begins with theirs. A radix tree: the cost of a look-up grows with the
 * text, not with the number of values. Removing everything leaves an empty root.
 */
export class TextTrie<T> {
  private readonly root: Node<T> = makeNode<T>("");

  /** True when nothing is kept. */
  get empty(): boolean {
    return this.root.children.size === 0 && this.root.value === undefined;
  }

  /** The value kept under exactly this text. */
  get(text: string): T | undefined {
    let node = this.root;
    let at = 0;
    while (at < text.length) {
      const next = node.children.get(text.charCodeAt(at));
      if (next === undefined || !text.startsWith(next.label, at)) return undefined;
      at += next.label.length;
      node = next;
    }
    return node.value;
  }

  /** Keeps the value under the text, in place of what was there. */
  set(text: string, value: T): void {
    let node = this.root;
    let at = 0;
    while (at < text.length) {
      const code = text.charCodeAt(at);
      const next = node.children.get(code);
      if (next === undefined) {
        const leaf = makeNode<T>(text.slice(at));
        leaf.value = value;
        node.children.set(code, leaf);
        return;
      }
      const shared = sharedLength(next.label, text, at);
      node = shared === next.label.length ? next : split(node, next, shared);
      at += shared;
    }
    node.value = value;
  }

  /** Forgets the text; unknown ones are ignored. */
  delete(text: string): void {
    const path: Node<T>[] = [this.root];
    let at = 0;
    while (at < text.length) {
      const next = path.at(-1)!.children.get(text.charCodeAt(at));
      if (next === undefined || !text.startsWith(next.label, at)) return;
      at += next.label.length;
      path.push(next);
    }
    path.at(-1)!.value = undefined;
    for (let depth = path.length - 1; depth > 0; depth -= 1) tidy(path[depth - 1]!, path[depth]!);
  }

  /** Appends to `found` the value of every text that `text` begins with. */
  collect(text: string, found: T[]): void {
    let node = this.root;
    let at = 0;
    if (node.value !== undefined) found.push(node.value);
    while (at < text.length) {
      const next = node.children.get(text.charCodeAt(at));
      if (next === undefined || !text.startsWith(next.label, at)) return;
      at += next.label.length;
      node = next;
      if (node.value !== undefined) found.push(node.value);
    }
  }
}

function makeNode<T>(label: string): Node<T> {
  return { label, children: new Map(), value: undefined };
}

function sharedLength(label: string, text: string, at: number): number {
  const longest = Math.min(label.length, text.length - at);
  let length = 0;
  while (length < longest && label.charCodeAt(length) === text.charCodeAt(at + length)) length += 1;
  return length;
}

/** Puts a node between parent and child, where the child's label is cut; returns it. */
function split<T>(parent: Node<T>, child: Node<T>, at: number): Node<T> {
  const middle = makeNode<T>(child.label.slice(0, at));
  parent.children.set(middle.label.charCodeAt(0), middle);
  child.label = child.label.slice(at);
  middle.children.set(child.label.charCodeAt(0), child);
  return middle;
}

/** Takes out a node that keeps nothing: drops it when it is a leaf, joins it with its only child. */
function tidy<T>(parent: Node<T>, node: Node<T>): void {
  if (node.value !== undefined || node.children.size > 1) return;
  const code = node.label.charCodeAt(0);
  const [only] = node.children.values();
  if (only === undefined) {
    parent.children.delete(code);
    return;
  }
  only.label = node.label + only.label;
  parent.children.set(code, only);
}

/** The text backwards, by UTF-16 code units: what a suffix is kept and looked up under. */
export function backwards(text: string): string {
  let reversed = "";
  for (let at = text.length - 1; at >= 0; at -= 1) reversed += text[at];
  return reversed;
}
