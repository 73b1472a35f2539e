import { z } from "zod";
import { invalid, type Problem, problem } from "./problem.ts";

/** A part of the calls to a Service, as Knative's `spec.traffic` has it. */
export interface TrafficTarget {
  /** A revision by its name; without it the latest one that is ready. */
  readonly revisionName?: string | undefined;
  readonly latestRevision?: boolean | undefined;
  /** Of 100; left out: 0. */
  readonly percent?: number | undefined;
  /** Under this name it is called by itself. */
  readonly tag?: string | undefined;
}

/** A part of the calls as it is: always a revision by its name. */
export interface TrafficStatus {
  readonly revisionName: string;
  readonly latestRevision: boolean;
  readonly percent: number;
  readonly tag?: string;
  /** With a tag: where that is called. */
  readonly url?: string;
}

const label = /^[a-z]([-a-z0-9]{0,61}[a-z0-9])?$/;

/** The schema of `spec.traffic`. */
export const trafficSchema: z.ZodType<readonly TrafficTarget[] | undefined> = z
  .array(
    z.strictObject({
      revisionName: z.string().min(1, { error: "the name of a revision" }).optional().describe("The revision."),
      latestRevision: z.boolean().optional().describe("The latest revision that is ready."),
      percent: z.int().min(0).max(100).optional().describe("Its part of the calls; all add up to 100."),
      tag: z
        .string()
        .regex(label, { error: "a lower-case name of letters, digits and dashes" })
        .optional()
        .describe("A name under which it is called by itself."),
    }),
  )
  .optional()
  .describe("Which revisions are called; default: the latest one that is ready.");

/** What the schema cannot say: the sum, tags that stand once, and targets that name exactly one thing. */
export function trafficProblems(traffic: readonly TrafficTarget[] | undefined): Problem[] {
  if (traffic === undefined || traffic.length === 0) return [];
  const problems = traffic.flatMap((target, at) => targetProblems(target, `spec.traffic[${at}]`));
  const sum = traffic.reduce((all, { percent }) => all + (percent ?? 0), 0);
  if (sum !== 100) problems.push(invalid("spec.traffic", "percents that add up to 100", sum));
  const tags = traffic.map(({ tag }) => tag);
  traffic.forEach(({ tag }, at) => {
    if (tag !== undefined && tags.indexOf(tag) !== at)
      problems.push(invalid(`spec.traffic[${at}].tag`, "a tag that no other target has", tag));
  });
  return problems;
}

function targetProblems({ revisionName, latestRevision }: TrafficTarget, path: string): Problem[] {
  if (revisionName !== undefined && latestRevision === true) {
    return [
      problem("FieldValueInvalid", `${path}.latestRevision`, {
        expected: "either revisionName or latestRevision: true",
        got: "both",
        hint: "leave revisionName out to follow the latest revision",
      }),
    ];
  }
  if (revisionName === undefined && latestRevision === false) {
    return [
      problem("FieldValueRequired", `${path}.revisionName`, {
        expected: "the name of a revision, since latestRevision is false",
        got: "nothing",
        hint: "rouse get revisions lists them",
      }),
    ];
  }
  return [];
}
