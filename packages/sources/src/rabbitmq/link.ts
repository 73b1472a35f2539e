import { type Backoff, backoffDelayMs, type Clock, messageOf, sleep } from "@rouse/base";
import type { ChannelModel } from "amqplib";
import type { SourceTrouble } from "../source.ts";
import { type Endpoint, type RabbitmqConnection, readConnection } from "./connection.ts";
import { type Opened, openConnection } from "./open-connection.ts";

/** What is done with one connection, for as long as it stands. */
export interface Session {
  /** Resolves when it cannot go on, with the reason in words; never rejects. */
  readonly ended: Promise<string>;
  /** Finishes what is in hand and takes nothing new; for a link that is being closed. Never rejects. */
  drain(): Promise<void>;
  /** The connection is gone or will be closed now: answers that come later belong to nobody. */
  abandon(): void;
}

/** Sets a session up; throws an error whose message is the reason in words. */
export type Serve = (model: ChannelModel, endpoint: Endpoint) => Promise<Session>;

export interface LinkOptions {
  readonly connection: RabbitmqConnection;
  /** Shown in RabbitMQ's list of connections. */
  readonly name: string;
  readonly clock: Clock;
  readonly random: () => number;
  readonly serve: Serve;
  /** Told when state or trouble changed. */
  readonly changed: () => void;
  /** How long draining may take, milliseconds. */
  readonly drainMs: number;
  /** For tests. */
  readonly open?: typeof openConnection;
}

/** `disconnected`: waiting before the next attempt, or nothing can be attempted. */
export type LinkState = "idle" | "connecting" | "connected" | "disconnected" | "closed";

const backoff: Backoff = { policy: "exponential", delayMs: 200, capMs: 30_000, jitter: 0.2 };
/** A session that stood this long was no failed attempt. */
const steadyMs = 5_000;

/**
 * Keeps one connection with one session on it. A session that ends takes its connection with it: a channel closed by the
 * server and a lost connection are mended the same way, after a delay that grows from 0.2 s to 30 s.
 * States: idle → connecting ⇄ connected, disconnected → closed.
 */
export class Link implements AsyncDisposable {
  state: LinkState = "idle";
  trouble: SourceTrouble | undefined;
  private readonly options: LinkOptions;
  private readonly closing = new AbortController();
  private running: Promise<void> | undefined;
  private attempt = 0;

  constructor(options: LinkOptions) {
    this.options = options;
  }

  /** Begins; again, or after disposal, it does nothing. */
  start(): void {
    if (this.state !== "idle") return;
    this.state = "connecting";
    this.running = this.run();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.state === "idle") this.state = "closed";
    this.closing.abort(new Error("it was closed"));
    await this.running;
    this.enter("closed");
  }

  private async run(): Promise<void> {
    const reading = readConnection(this.options.connection);
    if (reading.kind === "problem") {
      this.enter("disconnected", reading.message);
      return;
    }
    const { signal } = this.closing;
    while (!signal.aborted) {
      const since = this.options.clock.monotonic();
      const reason = await this.once(reading.endpoint);
      if (signal.aborted) return;
      this.enter("disconnected", reason);
      this.attempt = this.options.clock.monotonic() - since >= steadyMs ? 1 : this.attempt + 1;
      const delayMs = backoffDelayMs(backoff, this.attempt, this.options.random);
      await sleep(this.options.clock, delayMs, signal).catch(() => undefined);
    }
  }

  /** One connection, from its opening to its end; resolves with the reason why it ended. */
  private async once(endpoint: Endpoint): Promise<string> {
    const { name, clock, serve, open = openConnection } = this.options;
    const { signal } = this.closing;
    this.enter("connecting");
    let opened: Opened;
    try {
      opened = await open(endpoint, { name, clock, signal });
    } catch (thrown) {
      return messageOf(thrown);
    }
    const closing = aborted(signal);
    try {
      // A server may stop answering between the connection and the session; its heartbeats then end the wait.
      const serving = serve(opened.model, endpoint);
      const session = await Promise.race([serving, opened.lost, closing.done]);
      if (typeof session !== "string") return await this.attend(session, opened, closing.done);
      // A session that comes too late has taken messages, perhaps: nobody else would tell it that they are gone.
      serving.then(
        (late) => late.abandon(),
        () => undefined,
      );
      return session;
    } catch (thrown) {
      // The channel hears of a lost connection too, but does not know why.
      return await Promise.race([opened.lost, later(messageOf(thrown))]);
    } finally {
      closing.forget();
      await opened.close();
    }
  }

  private async attend(session: Session, opened: Opened, closing: Promise<string>): Promise<string> {
    this.enter("connected", undefined);
    const ended = session.ended.then((reason) => Promise.race([opened.lost, later(reason)]));
    const reason = await Promise.race([opened.lost, ended, closing]);
    if (this.closing.signal.aborted) await this.drained(session, opened);
    session.abandon();
    return reason;
  }

  private async drained(session: Session, opened: Opened): Promise<void> {
    await new Promise<void>((resolve) => {
      const timer = this.options.clock.setTimer(this.options.drainMs, resolve);
      void Promise.race([session.drain(), opened.lost]).then(() => {
        timer.cancel();
        resolve();
      });
    });
  }

  private enter(state: LinkState, ...trouble: [message?: string | undefined]): void {
    if (this.state === "closed") return;
    this.state = state;
    if (trouble.length > 0) {
      const [message] = trouble;
      // What is the same at every attempt began with the first.
      if (message === undefined) this.trouble = undefined;
      else if (message !== this.trouble?.message) this.trouble = { at: this.options.clock.now(), message };
    }
    this.options.changed();
  }
}

/** Lets what arrived together with it be seen first. */
function later(reason: string): Promise<string> {
  return new Promise((resolve) => setImmediate(resolve, reason));
}

function aborted(signal: AbortSignal): { readonly done: Promise<string>; forget(): void } {
  let forget = (): void => undefined;
  const done = new Promise<string>((resolve) => {
    const onAbort = (): void => resolve("it was closed");
    if (signal.aborted) return onAbort();
    signal.addEventListener("abort", onAbort, { once: true });
    forget = () => signal.removeEventListener("abort", onAbort);
  });
  return { done, forget: () => forget() };
}
