import type { IncomingMessage } from "node:http";
import { isName, type Lookups, type ServiceFacts } from "./lookups.ts";
import { type Refusal, stillLoading } from "./problem.ts";
import type { ServiceAddress } from "./service-address.ts";
import { bearsToken, isFromHere, tokenMissing } from "./token.ts";

/** What is asked before a call is passed on. */
export interface AdmissionParts {
  readonly lookups: Pick<Lookups, "services" | "loaded">;
  /** The data plane's token; undefined: it has none, and then nobody may call private Services. */
  readonly token: string | undefined;
}

/** Whether a call may be passed on. */
export type Admission =
  | {
      readonly kind: "admitted";
      /** `<namespace>/<name>`. */
      readonly key: string;
      readonly facts: ServiceFacts;
      /** The Authorization header of the request is the data plane's token. */
      readonly bearsToken: boolean;
    }
  | { readonly kind: "refused"; readonly refusal: Refusal };

type Addressed = Extract<ServiceAddress, { readonly kind: "service" }>;

const servicePrivate: Refusal = {
  status: 403,
  code: "SERVER_SERVICE_PRIVATE",
  detail: "the service takes events only; it is not public",
  hint: "set its annotation rouse.dev/visibility to public, or send the data plane's token (Authorization: Bearer <token>)",
};

/**
 * Decides from what is known now, once for each call. Whoever would have to show the token and does not is told the same
 * (401) of a private Service and of one that does not exist.
 */
export function admit({ lookups, token }: AdmissionParts, address: Addressed, request: IncomingMessage): Admission {
  const { namespace, name } = address;
  const facts = isName(namespace) && isName(name) ? lookups.services.find(namespace, name) : undefined;
  const bears = token !== undefined && bearsToken(request, token);
  if (facts?.visibility !== "public" && token !== undefined && !bears && !isFromHere(request)) {
    return refused(lookups.loaded() ? serviceTokenMissing : stillLoading);
  }
  if (facts === undefined) return refused(lookups.loaded() ? serviceUnknown(address) : stillLoading);
  if (facts.visibility !== "public" && !bears) return refused(servicePrivate);
  return { kind: "admitted", key: `${namespace}/${name}`, facts, bearsToken: bears };
}

const serviceTokenMissing: Refusal = {
  ...tokenMissing,
  detail: "from other machines, services that are not public are called only with the data plane's bearer token",
};

function refused(refusal: Refusal): Admission {
  return { kind: "refused", refusal };
}

function serviceUnknown({ namespace, name }: Addressed): Refusal {
  return {
    status: 404,
    code: "SERVER_SERVICE_UNKNOWN",
    detail: `there is no Service ${JSON.stringify(name)} in namespace ${JSON.stringify(namespace)}`,
    hint: "apply a Service of that name; it is called at /-/services/<namespace>/<name>/ or http://<name>.<namespace>.localhost",
  };
}
