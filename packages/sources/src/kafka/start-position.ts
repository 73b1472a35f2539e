/** What is known of a partition that is about to be read. Offsets are decimal strings. */
export interface PartitionView {
  /** What the group committed; undefined, or negative in a string: nothing. */
  readonly committed: string | undefined;
  /** The first offset that is still kept. */
  readonly low: string;
  /** The offset after the last record. */
  readonly high: string;
  /** Where a source that is new to the partition begins; undefined: with the first record that is kept. */
  readonly initial: string | undefined;
}

export type StartPosition =
  | { readonly kind: "resumed" | "first"; readonly offset: string }
  /** Records were lost to the retention before they were read. */
  | { readonly kind: "expired"; readonly offset: string; readonly committed: string }
  /** The committed offset is beyond the end: the topic was made anew, or cut off. */
  | { readonly kind: "made-anew"; readonly offset: string; readonly committed: string };

/**
 * Where to begin to read a partition: where the group was, and otherwise never later than the first record that may not
 * have been read. `initial` counts only while nothing was committed.
 */
export function startPosition({ committed, low, high, initial }: PartitionView): StartPosition {
  if (committed === undefined || committed.startsWith("-")) {
    if (initial === undefined) return { kind: "first", offset: low };
    const [first, lowest, highest] = [BigInt(initial), BigInt(low), BigInt(high)];
    // An end that was seen of a topic that has been made anew since says nothing about this one.
    return { kind: "first", offset: first < lowest || first > highest ? low : initial };
  }
  const offset = BigInt(committed);
  if (offset < BigInt(low)) return { kind: "expired", offset: low, committed };
  if (offset > BigInt(high)) return { kind: "made-anew", offset: low, committed };
  return { kind: "resumed", offset: committed };
}
