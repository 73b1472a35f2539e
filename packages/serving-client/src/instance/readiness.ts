import { connect, type Socket } from "node:net";
import type { Clock } from "@rouse/base";
import type { Address } from "../driver/driver.ts";

/** What proves that an instance is ready: an accepted connection, or an HTTP answer. */
export type Proof =
  | { readonly kind: "connection" }
  | {
      readonly kind: "answer";
      /** Where an answer below 400 is demanded; undefined: any answer to `GET /` counts. */
      readonly path: string | undefined;
      /** How long an answer may take. */
      readonly patienceMs: number;
    };

/** Tries once: `settled(true)` when the proof was given. Gives the way to give up; `settled` is not called after that. */
export type Probe = (address: Address, settled: (proven: boolean) => void, proof: Proof) => () => void;

const eagerUntilMs = 200;
const patientAfterMs = 2_000;
/** A connection that is neither accepted nor refused by then is tried anew. */
const attemptMs = 500;
/** An answer may take as long as was waited for already, at most this. */
const longestAnswerMs = 10_000;
/** Enough for `HTTP/1.1 200`. */
const statusLineBytes = 12;

/** How long to wait before the next attempt: a late look is the only part of a cold start that is ours. */
export function probeDelayMs(elapsedMs: number): number {
  if (elapsedMs < eagerUntilMs) return 1;
  return elapsedMs < patientAfterMs ? 5 : 50;
}

/** Connects by TCP and closes at once, or as soon as the first bytes of an HTTP answer are there. */
export const networkProbe: Probe = (address, settled, proof) => {
  const socket = connect(address.port, address.host);
  const finish = (proven: boolean) => {
    discard(socket);
    settled(proven);
  };
  socket.setTimeout(attemptMs, () => finish(false));
  socket.once("error", () => finish(false));
  if (proof.kind === "connection") socket.once("connect", () => finish(true));
  else ask(socket, address, proof, finish);
  return () => discard(socket);
};

/** A request by hand: a client's pool would keep the connection, and its answer is not read to its end. */
function ask(
  socket: Socket,
  { host, port }: Address,
  { path, patienceMs }: Extract<Proof, { kind: "answer" }>,
  finish: (proven: boolean) => void,
): void {
  let head = "";
  socket.once("connect", () => {
    socket.setTimeout(patienceMs);
    const authority = `${host.includes(":") ? `[${host}]` : host}:${port}`;
    socket.write(`GET ${path ?? "/"} HTTP/1.1\r\nhost: ${authority}\r\nuser-agent: rouse\r\nconnection: close\r\n\r\n`);
  });
  socket.on("data", (chunk) => {
    head += chunk.toString("latin1");
    if (head.length < statusLineBytes) return;
    const status = Number(/^HTTP\/1\.[01] (\d{3})/.exec(head)?.[1]);
    finish(path === undefined ? status > 0 : status < 400);
  });
  socket.once("close", () => finish(false));
}

function discard(socket: Socket): void {
  socket.removeAllListeners();
  socket.on("error", () => {});
  socket.destroy();
}

/** What {@link awaitListening} is given. */
export interface ReadinessOptions {
  /** The first is tried from the beginning, the others too after 200 ms. */
  readonly addresses: readonly Address[];
  readonly clock: Clock;
  readonly timeoutMs: number;
  readonly probe: Probe;
  /** Default: an accepted connection. */
  readonly proof?: { readonly kind: "connection" } | { readonly kind: "answer"; readonly path: string | undefined };
  /** Called once, in the tick in which the proof is given, or with undefined when the time is up. */
  readonly settled: (address: Address | undefined) => void;
}

/** Tries until one address gives the proof or the time is up, one attempt at a time at each; returns the way to stop. */
export function awaitListening(options: ReadinessOptions): () => void {
  const { addresses, clock, timeoutMs, probe, proof = { kind: "connection" }, settled } = options;
  const began = clock.monotonic();
  const cancels = new Map<Address, () => void>();
  const stop = () => {
    for (const cancel of cancels.values()) cancel();
    cancels.clear();
    deadline.cancel();
  };
  const finish = (address: Address | undefined) => {
    stop();
    settled(address);
  };
  const attempt = (address: Address) => {
    const elapsedMs = clock.monotonic() - began;
    const answered = (proven: boolean) => {
      if (proven) return finish(address);
      later(address, probeDelayMs(clock.monotonic() - began));
    };
    cancels.set(address, probe(address, answered, proofAfter(proof, elapsedMs)));
  };
  const later = (address: Address, delayMs: number) => {
    const timer = clock.setTimer(delayMs, () => attempt(address));
    cancels.set(address, () => timer.cancel());
  };
  const deadline = clock.setTimer(timeoutMs, () => finish(undefined));
  const [first, ...others] = addresses;
  // It cannot listen yet: its program is only just being loaded.
  if (first) later(first, 1);
  for (const address of others) later(address, eagerUntilMs);
  return stop;
}

/** Who answers slowly is asked more patiently with each attempt, so that it becomes ready at last. */
function proofAfter(proof: NonNullable<ReadinessOptions["proof"]>, elapsedMs: number): Proof {
  if (proof.kind === "connection") return proof;
  return { ...proof, patienceMs: Math.min(longestAnswerMs, Math.max(attemptMs, elapsedMs)) };
}
