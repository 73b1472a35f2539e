import { type AttributeValue, type CloudEvent, withAttributes } from "@rouse/events";
import type { Delivery, Failure } from "./delivery.ts";

/** Longest `knativeerrordata`, in base64 characters, as Knative's Go brokers cut it. */
const errorDataMax = 1024;
const illegal = /[^\u0020-\u007e]/g;

/**
 * The event as the dead-letter sink gets it: Knative's `knativeerrordest`, `knativeerrorcode` and `knativeerrordata`
 * (base64 of the beginning of the response), and our `rousetrigger` (`<namespace>/<name>`), `rousereason` and, when
 * known, `rouseattempts`. What does not fit within the limit of attributes is left out, the response first.
 */
export function deadLetterEvent(delivery: Delivery): CloudEvent {
  const { event, failure, route } = delivery;
  const ours = { rousetrigger: `${route.subscription.namespace}/${route.name}`, ...reasonOf(failure) };
  const theirs = failure === undefined ? {} : knativeAttributes(failure);
  for (const changes of [{ ...ours, ...theirs, ...dataOf(failure) }, { ...ours, ...theirs }, ours]) {
    try {
      return withAttributes(event, changes);
    } catch {
      // Too large with these: a dead letter that says less is better than none.
    }
  }
  return event;
}

type Attributes = Readonly<Record<string, AttributeValue>>;

function reasonOf(failure: Failure | undefined): Attributes {
  if (failure === undefined) return {};
  return {
    rousereason: failure.reason,
    ...(failure.attempts !== undefined && { rouseattempts: failure.attempts }),
  };
}

function knativeAttributes({ destination, status }: Failure): Attributes {
  return {
    ...(destination && { knativeerrordest: destination.replace(illegal, "?") }),
    ...(status !== undefined && { knativeerrorcode: status }),
  };
}

function dataOf(failure: Failure | undefined): Attributes {
  if (failure?.body === undefined || failure.body.length === 0) return {};
  return { knativeerrordata: Buffer.from(failure.body).toString("base64").slice(0, errorDataMax) };
}
