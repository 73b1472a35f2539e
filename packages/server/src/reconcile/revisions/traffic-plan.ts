import type { TrafficTarget } from "@rouse/resources";

/** What deciding about the traffic of a Service takes. */
export interface TrafficFacts {
  /** As declared; undefined or empty: all of it to the latest revision. */
  readonly traffic: readonly TrafficTarget[] | undefined;
  /** Every revision of the Service, oldest first. */
  readonly revisions: readonly string[];
  /** The one that was made of the present template. */
  readonly latestCreated: string;
  /** The newest that was ever ready; undefined when none was. */
  readonly latestReady: string | undefined;
}

/** A revision's part of the calls. */
export interface PlannedShare {
  readonly revision: string;
  readonly percent: number;
  readonly tag: string | undefined;
  /** It follows the latest revision, and is not named. */
  readonly latest: boolean;
}

/** Where calls go. */
export interface TrafficPlan {
  readonly shares: readonly PlannedShare[];
  /** A revision that takes over once it has been ready: it is started for that alone, calls stay with the one before. */
  readonly candidate: string | undefined;
  /** Revisions that are named and do not exist. */
  readonly missing: readonly string[];
}

/**
 * Calls go to the latest revision that was ready: a template that cannot be started takes no calls from the one before.
 * The first revision of a Service has none before it, and gets the calls at once. A target whose revision does not exist
 * is told (Knative: RevisionMissing), and its part goes to the others: events are to reach somebody.
 */
export function planTraffic(facts: TrafficFacts): TrafficPlan {
  const { revisions, latestCreated, latestReady, traffic } = facts;
  const proven = latestReady !== undefined && revisions.includes(latestReady) ? latestReady : undefined;
  const latest = proven ?? latestCreated;
  const targets: readonly TrafficTarget[] =
    traffic === undefined || traffic.length === 0 ? [{ latestRevision: true, percent: 100 }] : traffic;
  const shares = targets.map(({ revisionName, percent = 0, tag }) => ({
    revision: revisionName ?? latest,
    percent,
    tag,
    latest: revisionName === undefined,
  }));
  const missing = [...new Set(shares.map(({ revision }) => revision))].filter((name) => !revisions.includes(name));
  const followed = shares.some((share) => share.latest);
  return {
    shares: shares.filter(({ revision }) => revisions.includes(revision)),
    candidate: followed && latest !== latestCreated ? latestCreated : undefined,
    missing,
  };
}

/** Revisions that nothing leads to any more, oldest first, but for the newest `kept` of them. */
export function obsolete(
  facts: Pick<TrafficFacts, "revisions" | "latestCreated" | "latestReady">,
  plan: TrafficPlan,
  kept: number,
): readonly string[] {
  const used = new Set([facts.latestCreated, facts.latestReady, ...plan.shares.map(({ revision }) => revision)]);
  const unused = facts.revisions.filter((name) => !used.has(name));
  return unused.slice(0, Math.max(0, unused.length - kept));
}
