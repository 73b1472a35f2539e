import { setMaxListeners } from "node:events";
import { systemClock } from "@rouse/base";
import type { CloudEvent } from "@rouse/events";
import { onTestFinished } from "vitest";
import type { ReplyCause, ReplyResult } from "../replies.ts";
import type { Subscription } from "../subscription.ts";
import { createUrlTargets } from "../url-targets.ts";
import { sampleDelivery } from "./delivery.testing.ts";
import type { Delivery } from "./delivery.ts";
import { createDispatcher, type DispatcherOptions } from "./dispatcher.ts";

/** The signal of a process that stays up. */
export const never: AbortSignal = new AbortController().signal;
// Every test has a dispatcher of its own, and each of them listens once.
setMaxListeners(0, never);

/** A dispatcher for URLs that keeps the replies it was given; closed when the test is finished. */
export function dispatcherWith(options: Partial<DispatcherOptions> & { result?: ReplyResult } = {}) {
  const replies: { event: CloudEvent; cause: ReplyCause }[] = [];
  const targets = createUrlTargets();
  const dispatcher = createDispatcher({
    targets,
    replies: {
      append: async (event, cause) => {
        replies.push({ event, cause });
        return options.result ?? { kind: "stored", handle: "default/default/8" };
      },
    },
    clock: systemClock,
    random: () => 0.5,
    ...options,
  });
  onTestFinished(() => dispatcher[Symbol.asyncDispose]());
  const deliver = (
    url: string,
    subscription: Partial<Subscription> = {},
    fields: Partial<Delivery> = {},
    signal: AbortSignal = never,
  ) => dispatcher.deliver(sampleDelivery({ subscriber: { kind: "url", url }, ...subscription }, fields), signal);
  return { dispatcher, deliver, replies, targets };
}
