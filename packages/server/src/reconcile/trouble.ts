import type { ConditionChange } from "@rouse/resources";
import type { SourceTrouble } from "@rouse/sources";
import { fails, holds } from "./status-writer.ts";

/** A condition that holds while there is no trouble, and else says what it is. */
export function troubleCondition(type: string, reason: string, trouble: SourceTrouble | undefined): ConditionChange {
  return trouble === undefined ? holds(type) : fails(type, reason, trouble.message);
}

/** A trouble as a status shows it. */
export function troubleField(trouble: SourceTrouble | undefined): { message: string; since: string } | undefined {
  return trouble && { message: trouble.message, since: new Date(trouble.at).toISOString() };
}
