/** The times of router and lanes, in milliseconds. The defaults are measured; tests that kill processes shorten them. */
export interface BrokerTiming {
  /** How long the router may be silent about a message it holds; default 60,000. */
  readonly routerAckWaitMs: number;
  /** The same for a lane; default 30,000. */
  readonly laneAckWaitMs: number;
  /** A lane without work for this long is closed; default 5,000. */
  readonly laneIdleMs: number;
  /** A direct attempt older than this is spilled into the lane; default 1,000. */
  readonly spillAfterMs: number;
  /** How often lanes without a reader are looked for; default 30,000. */
  readonly sweepEveryMs: number;
}

export const brokerTimingDefault: BrokerTiming = {
  routerAckWaitMs: 60_000,
  laneAckWaitMs: 30_000,
  laneIdleMs: 5_000,
  spillAfterMs: 1_000,
  sweepEveryMs: 30_000,
};
