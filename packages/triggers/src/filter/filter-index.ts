import type { CloudEvent } from "@rouse/events";
import { namesAlwaysThere } from "./attribute.ts";
import { AttributeIndex, type Bucket, firstCrowdedAt } from "./attribute-index.ts";
import { compile, type Predicate } from "./compile.ts";
import type { Filter } from "./filter.ts";
import { chooseGuard, type Guard, type GuardPredicate, guardOf, isWholeGuard } from "./guard.ts";

interface Member<V> {
  readonly value: V;
  /** Undefined when being found says it all. */
  readonly accepts: Predicate | undefined;
  readonly guard: Guard;
  /** Where the member is to be found; empty: in the residue. */
  places: readonly GuardPredicate[];
  /** The last look-up that tried it, so that it is tried once however often it is found. */
  epoch: number;
}

/** Few indexed attributes are looked up one by one; many are looked up by what the event carries. */
const fewAttributes = 8;

/**
 * Values under filters. Each is kept under the most selective positive predicate its filter has (see guard.ts); a
 * look-up finds candidates there and lets the compiled filter decide, so the index can only find too much, never
 * something wrong (where guard and filter are the same single comparison, it is not made twice). Costs follow the candidates, not the number of filters; filters without a guard are the residue,
 * tried for every event.
 */
export class FilterIndex<V> {
  private readonly members = new Map<string, Member<V>>();
  private readonly attributes = new Map<string, AttributeIndex<Member<V>>>();
  private readonly unguarded: Member<V>[] = [];
  private readonly buckets: Bucket<Member<V>>[] = [];
  private epoch = 0;
  private tries = 0;

  /** How many filters have been tried by all look-ups so far: what matching costs. */
  get tried(): number {
    return this.tries;
  }

  /** How many values are kept. */
  get size(): number {
    return this.members.size;
  }

  /** How many filters are tried for every event. */
  get residue(): number {
    return this.unguarded.length;
  }

  /** How many attributes are looked up: 0 when nothing is kept, whatever was kept before. */
  get indexedAttributes(): number {
    return this.attributes.size;
  }

  /** Keeps the value under the key, in place of what was there. */
  put(key: string, filter: Filter, value: V): void {
    this.remove(key);
    const accepts = isWholeGuard(filter) ? undefined : compile(filter);
    const member: Member<V> = { value, accepts, guard: guardOf(filter), places: [], epoch: 0 };
    this.members.set(key, member);
    for (const bucket of this.place(member)) if (bucket.members.length > bucket.crowdedAt) this.thinOut(bucket);
  }

  /** Forgets the key; false when it was unknown. */
  remove(key: string): boolean {
    const member = this.members.get(key);
    if (member === undefined) return false;
    this.members.delete(key);
    this.displace(member);
    return true;
  }

  /** Every value whose filter takes the event, each once, in no particular order. */
  match(event: CloudEvent): V[] {
    const taken: V[] = [];
    this.epoch += 1;
    for (const bucket of this.candidates(event)) this.tryAll(bucket.members, event, taken);
    this.buckets.length = 0;
    this.tryAll(this.unguarded, event, taken);
    return taken;
  }

  private tryAll(members: readonly Member<V>[], event: CloudEvent, taken: V[]): void {
    for (const member of members) {
      if (member.epoch === this.epoch) continue;
      member.epoch = this.epoch;
      this.tries += 1;
      if (member.accepts === undefined || member.accepts(event)) taken.push(member.value);
    }
  }

  private candidates(event: CloudEvent): readonly Bucket<Member<V>>[] {
    if (this.attributes.size <= fewAttributes) {
      for (const index of this.attributes.values()) this.collect(index, event);
      return this.buckets;
    }
    for (const name in event.attributes) {
      const index = this.attributes.get(name);
      if (index) this.collect(index, event);
    }
    for (const name of namesAlwaysThere) {
      const index = event.attributes[name] === undefined ? this.attributes.get(name) : undefined;
      if (index) this.collect(index, event);
    }
    return this.buckets;
  }

  private collect(index: AttributeIndex<Member<V>>, event: CloudEvent): void {
    const text = index.read(event);
    if (text !== undefined) index.collect(text, this.buckets);
  }

  /** Puts the member where it is cheapest now; returns the buckets it went to. */
  private place(member: Member<V>): readonly Bucket<Member<V>>[] {
    const chosen = chooseGuard(member.guard, (predicate) => this.costOf(predicate));
    if (chosen === undefined) {
      this.unguarded.push(member);
      return [];
    }
    member.places = chosen.predicates;
    return chosen.predicates.map((predicate) => {
      let index = this.attributes.get(predicate.attribute);
      if (index === undefined) {
        index = new AttributeIndex(predicate.attribute);
        this.attributes.set(predicate.attribute, index);
      }
      const bucket = index.open(predicate);
      // One filter may name the same predicate twice.
      if (bucket.members.at(-1) !== member) bucket.members.push(member);
      return bucket;
    });
  }

  private displace(member: Member<V>): void {
    if (member.places.length === 0) takeOut(this.unguarded, member);
    for (const predicate of member.places) {
      const index = this.attributes.get(predicate.attribute);
      const bucket = index?.bucket(predicate);
      if (index === undefined || bucket === undefined) continue;
      takeOut(bucket.members, member);
      if (bucket.members.length > 0) continue;
      index.close(predicate);
      if (index.empty) this.attributes.delete(predicate.attribute);
    }
    member.places = [];
  }

  /**
   * Lets the members of a crowded bucket choose again: those that came when it was small may have a better place by
   * now. The bucket is crowded anew at four times what stays, so the work is amortised over the puts.
   */
  private thinOut(bucket: Bucket<Member<V>>): void {
    for (const member of [...bucket.members]) {
      if (member.guard.kind === "predicate") continue;
      this.displace(member);
      this.place(member);
    }
    bucket.crowdedAt = Math.max(firstCrowdedAt, 4 * bucket.members.length);
  }

  /** What a look-up under this predicate would try; of equal sizes an exact value, then the longer text, is better. */
  private costOf(predicate: GuardPredicate): number {
    const size = this.attributes.get(predicate.attribute)?.bucket(predicate)?.members.length ?? 0;
    return size + vagueness(predicate);
  }
}

function takeOut<T>(list: T[], item: T): void {
  const at = list.indexOf(item);
  if (at === -1) return;
  const last = list.pop()!;
  if (at < list.length) list[at] = last;
}

/** Between 0 and 1: how likely a predicate is to hold by chance, compared with others. */
function vagueness({ kind, value }: GuardPredicate): number {
  switch (kind) {
    case "exact":
      return 0;
    case "prefix":
      return 0.5 / (1 + value.length);
    case "suffix":
      return 0.6 / (1 + value.length);
    case "present":
      return 0.9;
    default: {
      const unknown: never = kind;
      return unknown;
    }
  }
}
