import { Fault } from "@rouse/base";

/** `RESOURCE_NOT_ADMITTED`: an object was used that admission would have refused. */
export type ResourceFaultCode = "RESOURCE_NOT_ADMITTED";

/** What this package throws: only for objects that did not pass through admission, which is a bug of the caller. */
export class ResourceFault extends Fault<ResourceFaultCode> {}

/** The fault of a value that admission does not let through. */
export function notAdmitted(path: string, expected: string, got: string): ResourceFault {
  return new ResourceFault("RESOURCE_NOT_ADMITTED", `${path}: expected ${expected}, got ${JSON.stringify(got)}`, {
    hint: "apply the object again: it was stored by a version with other rules, or bypassed admission",
  });
}
