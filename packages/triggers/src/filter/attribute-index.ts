import { type AttributeReader, readerOf } from "./attribute.ts";
import type { GuardPredicate } from "./guard.ts";
import { backwards, TextTrie } from "./text-trie.ts";

/** Members that are found together. */
export interface Bucket<T> {
  /** In no order; a list, because going through one is what a look-up does most. */
  readonly members: T[];
  /** Above this size the members are asked to look for a cheaper place; grows each time. */
  crowdedAt: number;
}

/** The size at which a new bucket is crowded. */
export const firstCrowdedAt = 32;

/** Everything that is guarded by one attribute: by value, by prefix, by suffix, by presence. */
export class AttributeIndex<T> {
  readonly read: AttributeReader;
  private readonly byValue = new Map<string, Bucket<T>>();
  private readonly byPrefix = new TextTrie<Bucket<T>>();
  private readonly bySuffix = new TextTrie<Bucket<T>>();
  private present: Bucket<T> | undefined;

  constructor(attribute: string) {
    this.read = readerOf(attribute);
  }

  get empty(): boolean {
    return this.byValue.size === 0 && this.byPrefix.empty && this.bySuffix.empty && this.present === undefined;
  }

  /** The bucket of a predicate, when it has members. */
  bucket(predicate: GuardPredicate): Bucket<T> | undefined {
    switch (predicate.kind) {
      case "exact":
        return this.byValue.get(predicate.value);
      case "prefix":
        return this.byPrefix.get(predicate.value);
      case "suffix":
        return this.bySuffix.get(backwards(predicate.value));
      case "present":
        return this.present;
      default: {
        const unknown: never = predicate.kind;
        return unknown;
      }
    }
  }

  /** The bucket of a predicate, made when there is none. */
  open(predicate: GuardPredicate): Bucket<T> {
    const known = this.bucket(predicate);
    if (known) return known;
    const bucket: Bucket<T> = { members: [], crowdedAt: firstCrowdedAt };
    if (predicate.kind === "exact") this.byValue.set(predicate.value, bucket);
    else if (predicate.kind === "prefix") this.byPrefix.set(predicate.value, bucket);
    else if (predicate.kind === "suffix") this.bySuffix.set(backwards(predicate.value), bucket);
    else this.present = bucket;
    return bucket;
  }

  /** Forgets the bucket of a predicate. */
  close(predicate: GuardPredicate): void {
    if (predicate.kind === "exact") this.byValue.delete(predicate.value);
    else if (predicate.kind === "prefix") this.byPrefix.delete(predicate.value);
    else if (predicate.kind === "suffix") this.bySuffix.delete(backwards(predicate.value));
    else this.present = undefined;
  }

  /** Appends every bucket whose predicate holds for the attribute's text. */
  collect(text: string, found: Bucket<T>[]): void {
    const exact = this.byValue.get(text);
    if (exact) found.push(exact);
    if (!this.byPrefix.empty) this.byPrefix.collect(text, found);
    if (!this.bySuffix.empty) this.bySuffix.collect(backwards(text), found);
    if (this.present) found.push(this.present);
  }
}
