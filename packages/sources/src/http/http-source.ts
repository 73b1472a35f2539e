import { type Clock, messageOf } from "@rouse/base";
import { decodeHttp, EventFault, isCloudEventsMediaType } from "@rouse/events";
import type { Sink, SinkAnswer } from "../sink.ts";
import type { Source, SourcePhase, SourceTrouble } from "../source.ts";
import type { HttpSourceDefinition } from "./definition.ts";
import { Delivery } from "./delivery.ts";
import { answerChallenge, answerMethod, answerOptions } from "./handshake.ts";
import { bareAnswer, type HookAnswer, type HookRequest, problemAnswer, unavailableAnswer } from "./hook.ts";
import { HookHeaders } from "./hook-headers.ts";
import { type HookEvent, hookEvent, type MappedHook, passedEvent } from "./mapping.ts";
import type { Distrust, Preset } from "./preset.ts";
import { presets } from "./presets/by-name.ts";
import { randomId } from "./random-id.ts";
import { RecentDeliveries } from "./recent-deliveries.ts";

/** What an HttpSource works with. */
export interface HttpSourceOptions {
  readonly definition: HttpSourceDefinition;
  readonly sink: Sink;
  readonly clock: Clock;
  /** A number in [0, 1). */
  readonly random: () => number;
  /** How long a sender is kept waiting for the sink; default 10,000. */
  readonly storeTimeoutMs?: number;
  /** Called when the status changed in a way worth writing down; cheap. */
  readonly changed?: () => void;
}

/** How an HttpSource is at this moment. Counts are since the start of this one. */
export interface HttpSourceStatus {
  readonly phase: SourcePhase;
  /** Deliveries that became events, and those that were known already. */
  readonly stored: number;
  readonly duplicates: number;
  /** Signature missing or wrong, time of signing too far away. */
  readonly distrusted: number;
  /** Not readable, or refused by the sink for good. */
  readonly refused: number;
  /** Answered 503. */
  readonly unavailable: number;
  /** Milliseconds since the epoch. */
  readonly lastStoredAt: number | undefined;
  readonly trouble: SourceTrouble | undefined;
}

/** A hook: turns the requests that a listener hands over into events. */
export interface HttpSource extends Source<HttpSourceStatus> {
  /** Deliveries are believed for their signature, so the listener needs no token of its own. */
  readonly verifies: boolean;
  /**
   * Takes a request and says what to answer; never rejects. 2xx only after the event is stored. When `signal` aborts,
   * nobody waits any more: what is being stored may still be.
   */
  receive(request: HookRequest, signal: AbortSignal): Promise<HookAnswer>;
}

const noSinkRetryMs = 1_000;
/** Slack sends for the third time after five minutes. */
const rememberMs = 10 * 60_000;

/** Makes the hook of one HttpSource. */
export function createHttpSource(options: HttpSourceOptions): HttpSource {
  return new RunningHttpSource(options);
}

class RunningHttpSource implements HttpSource {
  readonly verifies: boolean;
  private readonly options: HttpSourceOptions;
  private readonly preset: Preset;
  private readonly secrets: readonly Uint8Array[];
  private readonly recent: RecentDeliveries;
  private readonly inHand = new Set<Promise<unknown>>();
  private phase: SourcePhase = "idle";
  private readonly counts = { stored: 0, duplicates: 0, distrusted: 0, refused: 0, unavailable: 0 };
  private lastStoredAt: number | undefined;
  private trouble: SourceTrouble | undefined;

  constructor(options: HttpSourceOptions) {
    const { definition, clock } = options;
    this.options = options;
    this.verifies = definition.preset !== "none";
    this.preset = presets[definition.preset];
    // Anybody can sign with an empty secret.
    this.secrets = definition.secrets.filter((secret) => secret.length > 0);
    this.recent = new RecentDeliveries(clock, Math.max(rememberMs, 2 * definition.toleranceMs));
  }

  start(): void {
    if (this.phase === "idle") this.phase = "running";
  }

  status(): HttpSourceStatus {
    return { phase: this.phase, ...this.counts, lastStoredAt: this.lastStoredAt, trouble: this.trouble };
  }

  receive(request: HookRequest, signal: AbortSignal): Promise<HookAnswer> {
    const answer = this.answer(request, signal);
    this.inHand.add(answer);
    return answer.finally(() => this.inHand.delete(answer));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.phase = "closed";
    await Promise.allSettled([...this.inHand]);
  }

  private async answer(request: HookRequest, signal: AbortSignal): Promise<HookAnswer> {
    if (this.phase !== "running") return unavailableAnswer(`the source is ${this.phase}`, noSinkRetryMs);
    const challenge = () => answerChallenge(this.options.definition.challenge, this.secrets, request);
    switch (request.method) {
      case "OPTIONS":
        return answerOptions(request, this.preset.open);
      case "GET":
        return challenge() ?? answerMethod(request.method);
      case "POST":
        return challenge() ?? this.take(request, signal);
      default:
        return answerMethod(request.method);
    }
  }

  private async take(request: HookRequest, signal: AbortSignal): Promise<HookAnswer> {
    const { definition, clock, random } = this.options;
    const { maxBytes, signature: scheme, toleranceMs } = definition;
    const { body } = request;
    if (body.length > maxBytes) return this.tooLarge(body.length);
    const headers = new HookHeaders(request.headers);
    const check = { headers, body, secrets: this.secrets, now: clock.now(), toleranceMs, scheme };
    const distrust = this.preset.distrust(check);
    if (distrust !== undefined) return this.distrusted(distrust);
    if (this.carriesEvents(headers)) return this.pass(request, signal);
    const delivery = this.preset.unwrap(new Delivery(headers, body, headers.one("content-type")));
    const reply = this.preset.reply(delivery);
    if (reply !== undefined) return reply;
    const attributes = this.preset.attributes(delivery, scheme);
    const mapped = hookEvent(definition, delivery, attributes, check.now, () => randomId(random));
    return mapped.kind === "event" ? this.store([mapped], signal) : this.unreadable(mapped.message);
  }

  /** Binary mode only where nothing is signed anyway: a signature over the body says nothing of `ce-` headers. */
  private carriesEvents(headers: HookHeaders): boolean {
    if (!this.preset.open) return false;
    if (isCloudEventsMediaType(headers.one("content-type") ?? "")) return true;
    return !this.verifies && headers.has("ce-specversion");
  }

  private async pass(request: HookRequest, signal: AbortSignal): Promise<HookAnswer> {
    try {
      const message = decodeHttp(request.headers, request.body);
      const events = message.kind === "batch" ? message.events : [message.event];
      const mapped = events.map((event): MappedHook => passedEvent(this.options.definition, event));
      const bad = mapped.find((one) => one.kind === "invalid");
      return bad
        ? this.unreadable(bad.message)
        : this.store(
            mapped.filter((one) => one.kind === "event"),
            signal,
          );
    } catch (failure) {
      if (!(failure instanceof EventFault)) throw failure;
      return this.unreadable(`the request is no valid CloudEvent: ${failure.code}`);
    }
  }

  /** The answer is that of the first that was not stored; whatever was is recognised when all are sent again. */
  private async store(events: readonly HookEvent[], signal: AbortSignal): Promise<HookAnswer> {
    const answers = await Promise.all(events.map((each) => this.append(each, signal)));
    const handles: string[] = [];
    let duplicates = 0;
    for (const answer of answers) {
      if (answer.kind === "unavailable") return this.unavailable(answer.reason, answer.retryAfterMs);
      if (answer.kind === "refused") return this.refused(answer.reason);
      handles.push(answer.handle);
      if (answer.duplicate) duplicates += 1;
    }
    this.counts.stored += answers.length - duplicates;
    this.counts.duplicates += duplicates;
    this.lastStoredAt = this.options.clock.now();
    this.settle(undefined);
    const duplicate = handles.length > 0 && duplicates === handles.length;
    return bareAnswer(this.preset.storedStatus, {
      ...(handles.length > 0 ? { "rouse-event": handles.slice(0, 100).join(", ") } : {}),
      ...(duplicate ? { "rouse-duplicate": "true" } : {}),
    });
  }

  private async append({ event, messageId }: HookEvent, signal: AbortSignal): Promise<SinkAnswer> {
    const known = this.recent.handleOf(messageId);
    if (known !== undefined) return { kind: "stored", duplicate: true, handle: known };
    const { sink, clock, storeTimeoutMs = 10_000 } = this.options;
    const away = (reason: string): SinkAnswer => ({ kind: "unavailable", reason, retryAfterMs: noSinkRetryMs });
    const stored = Promise.resolve()
      .then(() => sink.append(event, messageId))
      .catch((thrown: unknown) => away(`the sink failed: ${messageOf(thrown)}`))
      .then((answer) => {
        // Also when nobody waits any more: the next attempt is then known to be one.
        if (answer.kind === "stored") this.recent.add(messageId, answer.handle);
        return answer;
      });
    return new Promise((resolve) => {
      const giveUp = () => resolve(away("the sink did not answer in time"));
      const timer = clock.setTimer(storeTimeoutMs, giveUp);
      signal.addEventListener("abort", giveUp, { once: true });
      if (signal.aborted) giveUp();
      void stored.then((answer) => {
        timer.cancel();
        signal.removeEventListener("abort", giveUp);
        resolve(answer);
      });
    });
  }

  private distrusted({ kind, detail, hint }: Distrust): HookAnswer {
    this.counts.distrusted += 1;
    this.settle(`a delivery was refused: ${detail}; ${hint}`);
    const code = (
      {
        missing: "SOURCE_HOOK_SIGNATURE_MISSING",
        wrong: "SOURCE_HOOK_SIGNATURE_WRONG",
        timestamp: "SOURCE_HOOK_TIMESTAMP_REFUSED",
      } as const
    )[kind];
    return problemAnswer(401, code, detail, hint);
  }

  private unreadable(message: string): HookAnswer {
    this.counts.refused += 1;
    this.settle(`a delivery could not be read: ${message}`);
    return problemAnswer(400, "SOURCE_HOOK_BODY_INVALID", message);
  }

  private tooLarge(bytes: number): HookAnswer {
    this.counts.refused += 1;
    const detail = `expected a body of at most ${this.options.definition.maxBytes} bytes, got ${bytes}`;
    this.settle(`a delivery was refused: ${detail}`);
    return problemAnswer(413, "SOURCE_HOOK_BODY_TOO_LARGE", detail, "send less, or raise the source's maxBytes");
  }

  private refused(reason: string): HookAnswer {
    this.counts.refused += 1;
    this.settle(`the sink refused a delivery: ${reason}`);
    return problemAnswer(413, "SOURCE_HOOK_EVENT_REFUSED", reason, "send less, or a reference to the data");
  }

  private unavailable(reason: string, retryAfterMs: number): HookAnswer {
    this.counts.unavailable += 1;
    this.settle(`the sink is unavailable: ${reason}`);
    // What is wrong in here is for the status, not for whoever sends from outside.
    return unavailableAnswer("the delivery cannot be stored now", retryAfterMs);
  }

  private settle(trouble: string | undefined): void {
    this.trouble = trouble === undefined ? undefined : { at: this.options.clock.now(), message: trouble };
    this.options.changed?.();
  }
}
