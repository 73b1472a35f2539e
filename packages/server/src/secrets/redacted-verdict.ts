import type { Verdict } from "@rouse/triggers";
import type { Redactor } from "./redactor.ts";

/**
 * A verdict without values of Secrets in its words: from here they would get into lanes, dead records, dead letters and
 * the timeline. A delivery that was accepted without a warning has no words, and costs nothing.
 */
export function redactedVerdict(verdict: Verdict, redactor: Redactor): Verdict {
  return verdict.kind === "done" && verdict.note?.warning === undefined ? verdict : redactor.json(verdict);
}
