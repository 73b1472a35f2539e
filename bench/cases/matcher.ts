import type { CloudEvent } from "@rouse/events";
import { createEvent } from "@rouse/events";
import { compile, createMatcher, type Filter, type Subscription } from "@rouse/triggers";
import type { Case } from "../case.ts";
import type { Figure } from "../figure.ts";

const count = 10_000;
const types = count / 10;
/** Events are of more types, and of more orders, than triggers ask for: most triggers wait for something rare. */
const wider = 3;
const sources = 50;
const files = 200;
const regions = ["north", "south", "east", "west"];
/** Events kept ready, so that one is not matched from the processor's cache alone. */
const eventCount = 2_000;
const scanned = 50;

type Random = () => number;

/** A repeatable sequence of numbers in [0, 1). */
function sequence(seed: number): Random {
  let state = seed;
  return () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return state / 2 ** 32;
  };
}

const below = (random: Random, most: number) => Math.floor(random() * most);
const typeOf = (n: number) => `com.example.shop.order.kind-${n}`;
const sourceOf = (n: number) => `/shops/${n}`;

function exactFilter(random: Random): Filter {
  return { kind: "exact", pairs: { type: typeOf(below(random, types)) } };
}

/** All dialects: pairs, prefixes and suffixes of subjects, any and all of them, and `not` inside of `all`. */
function mixedFilter(random: Random): Filter {
  const shop = `/orders/${below(random, types)}/`;
  const suffix: Filter = { kind: "suffix", pairs: { subject: `.${below(random, files)}.json` } };
  const prefix: Filter = { kind: "prefix", pairs: { subject: shop } };
  const source: Filter = { kind: "exact", pairs: { source: sourceOf(below(random, sources)) } };
  const region: Filter = { kind: "exact", pairs: { region: regions[below(random, regions.length)]! } };
  switch (below(random, 6)) {
    case 0:
      return {
        kind: "attributes",
        pairs: { type: typeOf(below(random, types)), source: sourceOf(below(random, sources)) },
      };
    case 1:
      return { kind: "all", filters: [prefix, region] };
    case 2:
      return { kind: "all", filters: [suffix, source] };
    case 3:
      return { kind: "any", filters: [exactFilter(random), exactFilter(random), prefix] };
    case 4:
      return { kind: "all", filters: [exactFilter(random), { kind: "not", filter: region }] };
    default:
      return { kind: "all", filters: [exactFilter(random), { kind: "any", filters: [source, prefix] }] };
  }
}

function randomEvent(random: Random, n: number): CloudEvent {
  return createEvent({
    id: String(n),
    source: sourceOf(below(random, sources)),
    type: typeOf(below(random, wider * types)),
    subject: `/orders/${below(random, wider * types)}/item-${n}.${below(random, wider * files)}.json`,
    time: "2025-01-01T00:00:00Z",
    datacontenttype: "application/json",
    region: regions[below(random, regions.length)]!,
    tenant: `tenant-${below(random, 100)}`,
    traceparent: "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01",
    partitionkey: `key-${n}`,
    attempt: n % 7,
  });
}

function subscription(uid: string, filter: Filter): Subscription {
  return {
    uid,
    namespace: "default",
    broker: "bench",
    name: uid,
    generation: 1,
    fromSequence: 0,
    paused: false,
    filter,
    subscriber: { kind: "url", url: "http://127.0.0.1:9/" },
    deadLetterSink: undefined,
    policy: {
      retry: 10,
      backoffPolicy: "exponential",
      backoffDelayMs: 200,
      backoffCapMs: 300_000,
      timeoutMs: 600_000,
      retryAfterMaxMs: 300_000,
      format: undefined,
    },
    breaker: undefined,
    maxInFlight: 64,
    discardReplies: false,
  };
}

/** Microseconds per event of calling `match` on the events in turn for at least `windowMs`. */
function timeOf(events: readonly CloudEvent[], windowMs: number, match: (event: CloudEvent) => number): number {
  let matched = 0;
  let done = 0;
  const began = performance.now();
  let elapsed = 0;
  while (elapsed < windowMs) {
    for (const event of events) matched += match(event);
    done += events.length;
    elapsed = performance.now() - began;
  }
  if (matched < 0) throw new Error("nothing can match less than nothing");
  return (elapsed * 1_000) / done;
}

function measure(kind: string, filterOf: (random: Random) => Filter, runs: number, windowMs: number): Figure[] {
  const random = sequence(7);
  const matcher = createMatcher();
  const filters = Array.from({ length: count }, () => filterOf(random));
  filters.forEach((filter, at) => {
    matcher.put(subscription(`trigger-${at}`, filter));
  });
  const predicates = filters.map(compile);
  const events = Array.from({ length: eventCount }, (_, n) => randomEvent(random, n));
  const indexed = (event: CloudEvent) => matcher.match(event, undefined).length;
  const scan = (event: CloudEvent) => {
    let matched = 0;
    for (const takes of predicates) if (takes(event)) matched++;
    return matched;
  };
  for (const event of events.slice(0, scanned)) {
    if (indexed(event) !== scan(event))
      throw new Error(`${kind}: the index and the scan disagree on ${event.attributes.id}`);
  }
  const matchedPerEvent = events.reduce((sum, event) => sum + indexed(event), 0) / events.length;
  timeOf(events, windowMs / 2, indexed);
  const some = events.slice(0, scanned);
  const times = Array.from({ length: runs }, () => ({
    index: timeOf(events, windowMs / 4, indexed),
    linear: timeOf(some, windowMs / 8, scan),
  }));
  const name = `matcher.${kind}.${count}`;
  return [
    { name: `${name}.us`, unit: "us/event", runs: times.map((each) => each.index) },
    { name: `${name}.matched`, unit: "triggers/event", runs: [matchedPerEvent] },
    { name: `${name}.linear-scan`, unit: "us/event", runs: times.map((each) => each.linear) },
  ];
}

/** Matching one event against 10,000 triggers: by exact type, and by a mix of all dialects; beside a linear scan. */
export const matcher: Case = {
  promised: [`matcher.exact.${count}.us`, `matcher.mixed.${count}.us`],
  async run({ options: { runs, windowMs } }) {
    return [...measure("exact", exactFilter, runs, windowMs), ...measure("mixed", mixedFilter, runs, windowMs)];
  },
};
