import type { Clock } from "@rouse/base";
import type { Replies, ReplyResult } from "../replies.ts";
import type { Acquired, Target, Targets } from "../target.ts";
import { targetKey } from "../target.ts";
import { AbortFanout } from "./abort-fanout.ts";
import { Breakers, type Pass } from "./breakers.ts";
import type { Delivery, Verdict } from "./delivery.ts";
import { post } from "./http-post.ts";
import { type HttpOutcome, healthOf } from "./outcome.ts";
import { judge, judgeFailing } from "./policy.ts";
import { Pools } from "./pools.ts";
import { type Destination, Destinations, requestOf } from "./request.ts";

/** What a dispatcher needs. */
export interface DispatcherOptions {
  readonly targets: Targets;
  readonly replies: Replies;
  readonly clock: Clock;
  /** A number in [0, 1): spreads retries. */
  readonly random: () => number;
  /** A larger reply fails the attempt; bytes, default 1 MiB. */
  readonly replyMax?: number;
}

/**
 * Makes attempts. Disposing cuts every connection: attempts under way, and those asked for later, settle with `hold`.
 * Stop delivering (by the signal) first where what is under way should finish.
 */
export interface Dispatcher extends AsyncDisposable {
  /**
   * Makes one attempt. Never rejects for anything that a subscriber does. When the signal aborts it settles soon with
   * `hold`; a subscriber that has the event already may see it again.
   */
  deliver(delivery: Delivery, signal: AbortSignal): Promise<Verdict>;
}

/** Default of `replyMax`. */
export const replyMaxDefault = 1024 * 1024;
const goingDown = "this process is going down";

interface Context extends Required<DispatcherOptions> {
  readonly pools: Pools;
  readonly breakers: Breakers;
  readonly aborts: AbortFanout;
  readonly destinations: Destinations;
}

/** Makes a dispatcher with connections and breakers of its own. */
export function createDispatcher(options: DispatcherOptions): Dispatcher {
  const pools = new Pools(options.clock);
  const breakers = new Breakers(options.clock);
  const context: Context = {
    ...options,
    replyMax: options.replyMax ?? replyMaxDefault,
    pools,
    breakers,
    aborts: new AbortFanout(),
    destinations: new Destinations(),
  };
  return {
    deliver: (delivery, signal) => deliver(delivery, signal, context),
    [Symbol.asyncDispose]: () => pools[Symbol.asyncDispose](),
  };
}

async function deliver(delivery: Delivery, signal: AbortSignal, context: Context): Promise<Verdict> {
  const { clock, breakers, pools } = context;
  if (signal.aborted || pools.isClosed) return { kind: "hold", reason: goingDown, notBefore: clock.now() };
  const { subscriber, deadLetterSink, breaker } = delivery.route.subscription;
  const target = delivery.stage === "dead-letter" ? deadLetterSink : subscriber;
  if (target === undefined) {
    return { kind: "dead", failure: { reason: "no-dead-letter-sink", message: "the trigger has no dead-letter sink" } };
  }
  if (breaker === undefined) return attempt(delivery, target, undefined, signal, context);
  const pass = breakers.enter(targetKey(target), breaker.holdMaxMs);
  if (pass.kind === "hold") {
    return { kind: "hold", reason: "the target is down", notBefore: clock.now() + pass.waitMs };
  }
  try {
    return await attempt(delivery, target, pass, signal, context);
  } finally {
    pass.withdraw();
  }
}

/** Acquires, posts, stores the reply, judges. The lease is given back as soon as the response is complete. */
async function attempt(
  delivery: Delivery,
  target: Target,
  pass: Pass | undefined,
  signal: AbortSignal,
  context: Context,
): Promise<Verdict> {
  const { targets, clock, random } = context;
  const { policy } = delivery.route.subscription;
  let acquired: Acquired;
  try {
    acquired = await targets.acquire(target, signal);
  } catch (failure) {
    if (!signal.aborted) throw failure;
    return { kind: "hold", reason: goingDown, notBefore: clock.now() };
  }
  if (acquired.kind === "held") return held(delivery, target, acquired, context);
  const { lease } = acquired;
  const { url, service, instance, waitedMs } = lease;
  const destination = context.destinations.of(url);
  const timeoutMs = Math.min(policy.timeoutMs, lease.timeoutMs ?? policy.timeoutMs);
  let outcome: HttpOutcome;
  try {
    outcome = destination
      ? await exchange(delivery, destination, timeoutMs, signal, context)
      : { kind: "transport", code: "ERR_INVALID_URL", message: "it is no http or https URL", unreached: false };
  } finally {
    lease.release();
  }
  const downMs = pass?.settle(instance !== undefined && isGone(outcome) ? "unknown" : healthOf(outcome));
  const reply = await storeReply(delivery, outcome, context);
  const shown = destination?.shown ?? url;
  const { attempt } = delivery;
  const facts = { outcome, reply, attempt, policy, destination: shown, service, instance, waitedMs, downMs };
  return judge(facts, clock.now(), random);
}

function held(
  { route, attempt }: Delivery,
  target: Target,
  { failing, reason, retryAfterMs }: Extract<Acquired, { kind: "held" }>,
  { clock, random }: Context,
): Verdict {
  const now = clock.now();
  if (failing === undefined || target.kind !== "service") {
    return { kind: "hold", reason, notBefore: now + retryAfterMs };
  }
  const { breaker, policy } = route.subscription;
  const service = `${target.namespace}/${target.name}`;
  const facts = { failing, service, reason, retryAfterMs, attempt, policy, holdMaxMs: breaker?.holdMaxMs ?? 0 };
  return judgeFailing(facts, now, random);
}

/** An instance that went away between the lease and the connection says nothing about its service. */
function isGone(outcome: HttpOutcome): boolean {
  return outcome.kind === "transport" && outcome.unreached;
}

async function exchange(
  delivery: Delivery,
  destination: Destination,
  timeoutMs: number,
  signal: AbortSignal,
  context: Context,
): Promise<HttpOutcome> {
  const { route, stage } = delivery;
  const { headers, body } = requestOf(delivery, destination);
  const request = {
    owner: route.uid,
    connections: route.maxInFlight,
    origin: destination.origin,
    path: destination.path,
    headers,
    body,
    timeoutMs,
    replyMax: context.replyMax,
    wantsReply: stage === "subscriber" && !route.subscription.discardReplies,
  };
  return post(request, context, signal);
}

async function storeReply(
  delivery: Delivery,
  outcome: HttpOutcome,
  { replies }: Context,
): Promise<ReplyResult | undefined> {
  if (outcome.kind !== "response" || outcome.body.kind !== "event") return undefined;
  const { namespace, broker, sequence, route, hops } = delivery;
  return replies.append(outcome.body.event, { namespace, broker, sequence, triggerUid: route.uid, hops });
}
