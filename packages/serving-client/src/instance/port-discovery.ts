import { type Clock, sleep } from "@rouse/base";
import type { Address, RunningInstance } from "../driver/driver.ts";
import type { Probe, Proof } from "./readiness.ts";

/** An instance that listens on its PORT has done so by then, mostly: looking elsewhere takes processor time from its start. */
const firstLookMs = 100;
const lookEveryMs = 50;
const eagerUntilMs = 1_000;
const patientEveryMs = 250;
/** An instance of a workload that was found elsewhere before is looked for there at once. */
const learnedEveryMs = 10;
/** A look that took long is not repeated soon: looking is to take no more than a tenth of the time. */
const costFactor = 9;
const answerMs = 250;
/** A port that listened so long without an answer to `GET /` is taken all the same, when it accepts connections. */
const silentMs = 1_000;
/** Debuggers listen too. */
const neverServed: ReadonlySet<number> = new Set([9229]);

/** A port that an instance was found to listen on. */
export interface Discovered {
  readonly port: number;
  readonly address: Address;
  /** Other ports that it listens on, ascending. */
  readonly others: readonly number[];
}

/** What {@link discoverPort} is given. */
export interface DiscoveryOptions {
  readonly running: Pick<RunningInstance, "port" | "addresses" | "listeningPorts" | "addressOf">;
  readonly clock: Clock;
  readonly probe: Probe;
  /** Where an answer below 400 is demanded; undefined: any answer to `GET /`, or none for a second. */
  readonly path: string | undefined;
  /** Where an earlier instance of the workload was found: seen there, it is taken without an answer. */
  readonly learned: number | undefined;
  /** Ports of other instances of the workload. */
  readonly taken: () => ReadonlySet<number>;
  /** Called at most once. */
  readonly found: (hit: Discovered) => void;
}

/**
 * Looks where an instance listens that does not listen on the PORT it was given, until something is found: of several
 * ports the one where an earlier instance was found, else the lowest that answers HTTP. Returns the way to stop.
 */
export function discoverPort(options: DiscoveryOptions): () => void {
  const stopped = new AbortController();
  void look(options, stopped.signal).then(
    (hit) => {
      if (hit && !stopped.signal.aborted) options.found(hit);
    },
    // Stopped while it waited.
    () => {},
  );
  // With a reason: without one an exception is made, with its stack, when the instance is just found ready.
  return () => stopped.abort("stopped");
}

async function look(options: DiscoveryOptions, signal: AbortSignal): Promise<Discovered | undefined> {
  const { running, clock, probe, learned } = options;
  const began = clock.monotonic();
  const seenAt = new Map<number, number>();
  let tookMs: number | undefined;
  for (;;) {
    const delayMs = tookMs === undefined ? firstDelayMs(learned) : nextDelayMs(clock.monotonic() - began, learned);
    await sleep(clock, Math.max(delayMs, (tookMs ?? 0) * costFactor), signal);
    const lookedAt = clock.monotonic();
    const listening = await running.listeningPorts().catch(() => []);
    tookMs = clock.monotonic() - lookedAt;
    const candidates = candidatesOf(listening, options);
    for (const { port } of candidates) if (!seenAt.has(port)) seenAt.set(port, lookedAt);
    const hit =
      candidates.find(({ port }) => port === learned) ??
      (await firstProven(candidates, { kind: "answer", path: options.path, patienceMs: answerMs }, probe, signal)) ??
      (await firstProven(silentOnes(candidates, seenAt, lookedAt, options), { kind: "connection" }, probe, signal));
    if (signal.aborted) return undefined;
    if (hit) return { ...hit, others: listening.filter((port) => port !== hit.port) };
  }
}

function firstDelayMs(learned: number | undefined): number {
  return learned === undefined ? firstLookMs : learnedEveryMs;
}

function nextDelayMs(elapsedMs: number, learned: number | undefined): number {
  if (elapsedMs >= eagerUntilMs) return patientEveryMs;
  return learned === undefined ? lookEveryMs : learnedEveryMs;
}

/** Those that do not answer but have listened for a while; whether they accept connections from here is still to be seen. */
function silentOnes(
  candidates: readonly Candidate[],
  seenAt: ReadonlyMap<number, number>,
  now: number,
  { path }: DiscoveryOptions,
): readonly Candidate[] {
  return path === undefined ? candidates.filter(({ port }) => now - (seenAt.get(port) ?? now) >= silentMs) : [];
}

interface Candidate {
  readonly port: number;
  readonly address: Address;
}

/** PORT itself is the business of whoever waits for it there, unless it is listened on at another address. */
function candidatesOf(listening: readonly number[], { running, taken }: DiscoveryOptions): Candidate[] {
  const others = taken();
  const own = listening.includes(running.port);
  const ports = own ? [running.port] : listening.filter((port) => !neverServed.has(port) && !others.has(port));
  const found = ports.flatMap((port) => {
    const address = running.addressOf(port);
    return address ? [{ port, address }] : [];
  });
  return found.filter(({ address }) => !running.addresses.some((it) => isSame(it, address)));
}

function isSame(a: Address, b: Address): boolean {
  return a.host === b.host && a.port === b.port;
}

/** The lowest that gives the proof; all are asked at once, and none of them for long. */
async function firstProven(
  candidates: readonly Candidate[],
  proof: Proof,
  probe: Probe,
  signal: AbortSignal,
): Promise<Candidate | undefined> {
  const proven = await Promise.all(candidates.map(({ address }) => proves(address, proof, probe, signal)));
  return candidates[proven.indexOf(true)];
}

function proves(address: Address, proof: Proof, probe: Probe, signal: AbortSignal): Promise<boolean> {
  if (signal.aborted) return Promise.resolve(false);
  return new Promise((resolve) => {
    const giveUp = () => {
      cancel();
      resolve(false);
    };
    const settled = (proven: boolean) => {
      signal.removeEventListener("abort", giveUp);
      resolve(proven);
    };
    const cancel = probe(address, settled, proof);
    signal.addEventListener("abort", giveUp, { once: true });
  });
}
