import type { Clock } from "@rouse/base";
import type { TickLedger } from "./tick-ledger.ts";

interface Sighting {
  readonly lastTick: number;
  /** Monotonic time of the first look that saw it. */
  readonly at: number;
}

const sightingsMax = 200;

/**
 * Notices that another replica is ahead: its clock is, or this one's stepped back, so that it stored a tick long before
 * the tick is due here. By then the sink may have forgotten the message id, and the tick has to be looked for first.
 */
export class LeadWatch {
  private readonly ledger: TickLedger;
  private readonly uid: string;
  private readonly clock: Clock;
  private sightings: Sighting[] = [];

  constructor(ledger: TickLedger, uid: string, clock: Clock) {
    this.ledger = ledger;
    this.uid = uid;
    this.clock = clock;
  }

  /** Reads how far the replicas have come; resolves also when the ledger is away, which is no news. */
  async look(): Promise<void> {
    const record = await this.ledger.read(this.uid).catch(() => undefined);
    if (record === undefined || record.lastTick <= (this.sightings.at(-1)?.lastTick ?? -Infinity)) return;
    this.sightings.push({ lastTick: record.lastTick, at: this.clock.monotonic() });
    if (this.sightings.length > sightingsMax) this.sightings.shift();
  }

  /** For how long it has been known that the tick is settled elsewhere, milliseconds; 0 when it is not. */
  settledForMs(planned: number): number {
    this.sightings = this.sightings.filter((sighting) => sighting.lastTick >= planned);
    const first = this.sightings[0];
    return first === undefined ? 0 : this.clock.monotonic() - first.at;
  }
}
