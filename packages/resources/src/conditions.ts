/** True, False or not known yet. */
export type ConditionStatus = "True" | "False" | "Unknown";

/** One aspect of an object's state, in Knative's shape. */
export interface Condition {
  readonly type: string;
  readonly status: ConditionStatus;
  /** One word in CamelCase. */
  readonly reason?: string;
  /** One sentence for people. */
  readonly message?: string;
  /** Absent: an error, which makes the object not ready. `Warning` and `Info` do not. */
  readonly severity?: "Warning" | "Info";
  /** RFC 3339, to the second: when `status` changed last. */
  readonly lastTransitionTime?: string;
}

/** What the caller knows of a condition; the time is added by {@link updateCondition}. */
export type ConditionChange = Omit<Condition, "lastTransitionTime">;

/** The condition that sums an object up, and those it depends on, in the order in which their failures are told. */
export interface ConditionSet {
  readonly happy: "Ready";
  readonly dependents: readonly string[];
}

/** A living set (things that go on for ever): `Ready` is derived from the dependents. */
export function livingSet(...dependents: string[]): ConditionSet {
  return { happy: "Ready", dependents };
}

/** Every condition of the set, Unknown. */
export function initialConditions(set: ConditionSet, now: number): readonly Condition[] {
  const unknown = set.dependents.map(
    (type): Condition => ({ type, status: "Unknown", lastTransitionTime: timestamp(now) }),
  );
  return withHappy(set, unknown, now);
}

/**
 * The conditions after a change, `Ready` derived anew, sorted by type. `lastTransitionTime` moves only when a status does;
 * the same array comes back when nothing changed, so that nothing need be written. Setting the happy condition itself
 * does nothing unless the set has no dependents.
 * @param now milliseconds since the epoch.
 */
export function updateCondition(
  set: ConditionSet,
  conditions: readonly Condition[],
  change: ConditionChange,
  now: number,
): readonly Condition[] {
  if (change.type === set.happy && set.dependents.length > 0) return withHappy(set, conditions, now);
  return withHappy(set, replace(conditions, change, now), now);
}

/** The condition of a type, when it is there. */
export function findCondition(conditions: readonly Condition[], type: string): Condition | undefined {
  return conditions.find((condition) => condition.type === type);
}

/** True when the happy condition is True. */
export function isReady(conditions: readonly Condition[] | undefined): boolean {
  return conditions !== undefined && findCondition(conditions, "Ready")?.status === "True";
}

/** RFC 3339 in UTC, to the second, as Kubernetes writes times. */
export function timestamp(now: number): string {
  return `${new Date(now).toISOString().slice(0, 19)}Z`;
}

function withHappy(set: ConditionSet, conditions: readonly Condition[], now: number): readonly Condition[] {
  if (set.dependents.length === 0) return conditions;
  const dependents = set.dependents.map(
    (type): ConditionChange => findCondition(conditions, type) ?? { type, status: "Unknown" },
  );
  const errors = dependents.filter((dependent) => dependent.severity === undefined);
  const cause =
    errors.find((dependent) => dependent.status === "False") ??
    errors.find((dependent) => dependent.status === "Unknown");
  const happy: ConditionChange = {
    type: set.happy,
    status: cause?.status ?? "True",
    ...(cause?.reason !== undefined && { reason: cause.reason }),
    ...(cause?.message !== undefined && { message: cause.message }),
  };
  return replace(conditions, happy, now);
}

function replace(conditions: readonly Condition[], change: ConditionChange, now: number): readonly Condition[] {
  const old = findCondition(conditions, change.type);
  const same =
    old?.status === change.status &&
    old.reason === change.reason &&
    old.message === change.message &&
    old.severity === change.severity;
  if (same) return conditions;
  const lastTransitionTime =
    old?.status === change.status && old.lastTransitionTime !== undefined ? old.lastTransitionTime : timestamp(now);
  return [...conditions.filter((condition) => condition !== old), { ...change, lastTransitionTime }].sort((a, b) =>
    a.type < b.type ? -1 : 1,
  );
}
