import { type ConditionChange, serviceKind } from "@rouse/resources";
import type { JsonObject, ObjectId } from "../store/port.ts";
import type { Wrong } from "./revisions/revision-workloads.ts";
import type { TrafficFacts, TrafficPlan } from "./revisions/traffic-plan.ts";
import { fails, holds, type StatusReport } from "./status-writer.ts";

/** What the status of a Service follows from. */
export interface ServiceFindings {
  readonly facts: TrafficFacts;
  readonly plan: TrafficPlan;
  /** Calls are answered, whatever is wrong with some instance. */
  readonly serving: boolean;
  /** What is wrong with a revision. */
  readonly wrongOf: (revision: string) => Wrong | undefined;
}

/** What is said of a Service: its newest form under ConfigurationsReady, whether calls are answered under RoutesReady. */
export function serviceReport(id: ObjectId, findings: ServiceFindings): StatusReport {
  const { facts, plan } = findings;
  const host = `${id.name}.${id.namespace}.svc.rouse.internal`;
  return {
    conditionSet: serviceKind.conditions,
    conditions: [condition("ConfigurationsReady", findings.wrongOf(facts.latestCreated)), routes(findings)],
    fields: {
      url: `http://${host}`,
      address: { url: `http://${host}` },
      latestCreatedRevisionName: facts.latestCreated,
      ...(facts.latestReady !== undefined && { latestReadyRevisionName: facts.latestReady }),
      traffic: trafficStatus(plan, host),
    },
  };
}

function routes({ plan, serving, wrongOf }: ServiceFindings): ConditionChange {
  const [missing] = plan.missing;
  if (missing !== undefined) {
    const message = `there is no revision ${missing}; rouse get revisions lists them`;
    return fails("RoutesReady", "RevisionMissing", message);
  }
  // An instance that answers says more than what was wrong with another one.
  if (serving) return holds("RoutesReady");
  const wrong = plan.shares.map(({ revision }) => wrongOf(revision)).find((each) => each !== undefined);
  return condition("RoutesReady", wrong);
}

function condition(type: string, wrong: Wrong | undefined): ConditionChange {
  return wrong ? fails(type, wrong.reason, wrong.message) : holds(type);
}

function trafficStatus(plan: TrafficPlan, host: string): JsonObject[] {
  return plan.shares.map(({ revision, percent, tag, latest }) => ({
    revisionName: revision,
    latestRevision: latest,
    percent,
    ...(tag !== undefined && { tag, url: `http://${tag}-${host}` }),
  }));
}
