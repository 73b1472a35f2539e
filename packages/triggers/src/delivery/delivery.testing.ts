import { sampleEvent } from "../filter/event.testing.ts";
import { routeOf } from "../matcher.ts";
import { sampleSubscription } from "../subscription.testing.ts";
import type { Subscription } from "../subscription.ts";
import type { Delivery } from "./delivery.ts";

/** A first attempt of a sample event for a subscription with these fields. */
export function sampleDelivery(subscription: Partial<Subscription> = {}, fields: Partial<Delivery> = {}): Delivery {
  return {
    namespace: "default",
    broker: "default",
    sequence: 7,
    event: sampleEvent({ datacontenttype: "application/json" }, Buffer.from('{"n":1}')),
    route: routeOf(sampleSubscription(subscription)),
    stage: "subscriber",
    attempt: 1,
    hops: 255,
    storedAt: 0,
    firstFailedAt: undefined,
    failure: undefined,
    ...fields,
  };
}
