import { messageOf } from "@rouse/base";
import type { Replies } from "@rouse/triggers";
import type { OpenBrokers } from "./reconcile/open-brokers.ts";

/** Replies go back into the broker whose event they answer, under the identity of the delivery that caused them. */
export function createReplies(brokers: OpenBrokers): Replies {
  return {
    async append(event, { namespace, broker: name, sequence, triggerUid, hops }) {
      const broker = brokers.find(namespace, name);
      if (!broker) return { kind: "unavailable", reason: `broker ${namespace}/${name} is not open` };
      const triggerName = brokers.matcher(namespace, name).find(triggerUid)?.name ?? triggerUid;
      try {
        const answer = await broker.appendReply(event, { sequence, triggerUid, triggerName, hops });
        return answer.kind === "stored" ? answer : { kind: "refused", reason: answer.message };
      } catch (failure) {
        return { kind: "unavailable", reason: messageOf(failure) };
      }
    },
  };
}
