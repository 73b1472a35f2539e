import type { Clock } from "@rouse/base";
import type { Attempts } from "../attempts/attempts.ts";
import type { BrokerTiming } from "../broker-timing.ts";
import type { DeadStream } from "../dead-stream.ts";
import type { FaultHook } from "../fault-points.ts";
import type { JetstreamNames } from "../jetstream-names.ts";
import type { Journal } from "../journal.ts";
import type { Stream } from "../log/engine.ts";
import type { Capacity, Configuration, Matcher, Route } from "../route.ts";

/** What router and lanes of one broker share. */
export interface LaneParts<R extends Route> {
  readonly namespace: string;
  readonly broker: string;
  /** Names this process, to know its own copies by. */
  readonly processId: string;
  readonly clock: Clock;
  readonly names: JetstreamNames;
  /** The lane stream. */
  readonly stream: Stream;
  readonly matcher: Matcher<R>;
  readonly capacity: Capacity;
  readonly configuration: Configuration;
  readonly attempts: Attempts<R>;
  readonly dead: DeadStream;
  readonly journal: Journal;
  readonly faults: FaultHook;
  readonly timing: BrokerTiming;
  /** Something was found that this version must not touch; the broker stops. */
  readonly onFault: (fault: Error) => void;
}
