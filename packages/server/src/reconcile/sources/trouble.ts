import type { ConditionChange } from "@rouse/resources";
import type { SourceTrouble } from "@rouse/sources";
import { fails, holds } from "../status-writer.ts";

/** A condition that holds while there is no trouble, and else says what it is. */
export function troubleCondition(type: string, reason: string, trouble: SourceTrouble | undefined): ConditionChange {
  return trouble === undefined ? holds(type) : fails(type, reason, trouble.message);
}

/** The same of something that has to connect first: neither true nor false until it has, or could not. */
export function connectedCondition(
  type: string,
  reason: string,
  trouble: SourceTrouble | undefined,
  connected: boolean,
): ConditionChange {
  if (trouble !== undefined || connected) return troubleCondition(type, reason, trouble);
  return { type, status: "Unknown", reason: "Connecting", message: "it is connecting" };
}

/** A trouble as a status shows it. */
export function troubleField(trouble: SourceTrouble | undefined): { message: string; since: string } | undefined {
  return trouble && { message: trouble.message, since: new Date(trouble.at).toISOString() };
}
