import { connect } from "node:net";
import type { Clock } from "@rouse/base";
import type { Address } from "./driver/driver.ts";

/** Tries one connection: `settled(true)` when it was accepted. Gives the way to give up; `settled` is not called after that. */
export type Probe = (address: Address, settled: (accepted: boolean) => void) => () => void;

const eagerUntilMs = 200;
const patientAfterMs = 2_000;
/** A connection that is neither accepted nor refused by then is tried anew. */
const attemptMs = 500;

/** How long to wait before the next attempt: a late look is the only part of a cold start that is ours. */
export function probeDelayMs(elapsedMs: number): number {
  if (elapsedMs < eagerUntilMs) return 1;
  return elapsedMs < patientAfterMs ? 5 : 50;
}

/** Connects by TCP and closes at once. */
export const tcpProbe: Probe = (address, settled) => {
  const socket = connect(address.port, address.host);
  const finish = (accepted: boolean) => {
    socket.removeAllListeners();
    socket.on("error", () => {});
    socket.destroy();
    settled(accepted);
  };
  socket.setTimeout(attemptMs, () => finish(false));
  socket.once("connect", () => finish(true));
  socket.once("error", () => finish(false));
  return () => {
    socket.removeAllListeners();
    socket.on("error", () => {});
    socket.destroy();
  };
};

/** What {@link awaitListening} is given. */
export interface ReadinessOptions {
  /** The first is tried from the beginning, the others too after 200 ms. */
  readonly addresses: readonly Address[];
  readonly clock: Clock;
  readonly timeoutMs: number;
  readonly probe: Probe;
  /** Called once, in the tick in which a connection is accepted, or with undefined when the time is up. */
  readonly settled: (address: Address | undefined) => void;
}

/** Tries to connect until something accepts or the time is up; returns the way to stop. */
export function awaitListening(options: ReadinessOptions): () => void {
  const { addresses, clock, timeoutMs, probe, settled } = options;
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
    const cancel = probe(address, (accepted) => {
      if (accepted) return finish(address);
      later(address, probeDelayMs(clock.monotonic() - began));
    });
    cancels.set(address, cancel);
  };
  const later = (address: Address, delayMs: number) => {
    const timer = clock.setTimer(delayMs, () => attempt(address));
    cancels.set(address, () => timer.cancel());
  };
  const deadline = clock.setTimer(timeoutMs, () => finish(undefined));
  const [first, ...others] = addresses;
  // The process cannot listen yet: its program is only just being loaded.
  if (first) later(first, 1);
  for (const address of others) later(address, eagerUntilMs);
  return stop;
}
