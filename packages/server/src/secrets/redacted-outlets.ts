import { messageOf } from "@rouse/base";
import type { Outlets } from "../data-plane/lookups.ts";
import type { Redactor } from "./redactor.ts";

/** Outlets whose answers, which go to whoever sent an event, hold no values of Secrets. */
export function redactedOutlets(outlets: Outlets, redactor: Redactor): Outlets {
  return {
    find(plural, namespace, name) {
      const outlet = outlets.find(plural, namespace, name);
      if (outlet === undefined) return undefined;
      return {
        async send(event) {
          try {
            return redactor.json(await outlet.send(event));
          } catch (thrown) {
            throw new Error(redactor.text(messageOf(thrown)));
          }
        },
      };
    },
  };
}
