import type { FilterSpec } from "./filter-spec.ts";

/** What a domain's parser finds wrong. */
export interface CheckProblem {
  /** Relative to what was checked: `exact.type`, `timezone`; empty for the whole. */
  readonly path: string;
  /** A clause in lower case: what was expected and what came. */
  readonly message: string;
  readonly hint?: string | undefined;
}

/**
 * Admission checks that need a domain's own parser; given by whoever wires the process, so that this package knows no
 * engine. They are pure and quick, and return nothing when all is in order.
 */
export interface Checks {
  /** Compiles one filter in one dialect; called only with filters whose shape is valid. */
  readonly filter?: (filter: FilterSpec) => readonly CheckProblem[];
  /** Reads a cron schedule and an IANA zone; paths are `schedule` or `timezone`. */
  readonly schedule: (schedule: string, timezone: string | undefined) => readonly CheckProblem[];
}

/** Checks that let everything pass: shapes are still validated. */
export const noChecks: Checks = { schedule: () => [] };
