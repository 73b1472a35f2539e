/** A revision's part of the calls to its service. */
export interface TrafficShare {
  /** The key of the revision's workload. */
  readonly key: string;
  /** Of 100; those of a service add up to 100. 0: reached by its tag alone. */
  readonly percent: number;
  /** Under this name it is reached by itself: the key `<service>#<tag>`. */
  readonly tag?: string | undefined;
}

/**
 * Whose turn it is: each share comes up as often as its percent says, spread as evenly as that can be, so that a share of
 * 10 % gets every tenth call and not ten in a row. Looking does not take the turn: who is woken is who is called.
 */
export class TrafficTurns {
  private readonly order: readonly string[];
  private at = 0;

  constructor(shares: readonly TrafficShare[]) {
    this.order = spread(shares.filter(({ percent }) => percent > 0));
  }

  /** The key that is next; undefined when nothing has a share. */
  get next(): string | undefined {
    return this.order[this.at];
  }

  /** The key that is next, whose turn is over with that. */
  take(): string | undefined {
    const { next } = this;
    this.at = this.at + 1 < this.order.length ? this.at + 1 : 0;
    return next;
  }
}

/** Every step each share gains its percent; the richest is next and pays the sum of all. */
function spread(shares: readonly TrafficShare[]): string[] {
  const [only, second] = shares;
  if (only === undefined) return [];
  if (second === undefined) return [only.key];
  const total = shares.reduce((sum, { percent }) => sum + percent, 0);
  const credit = shares.map(() => 0);
  const order: string[] = [];
  for (let step = 0; step < total; step++) {
    let richest = 0;
    for (let n = 0; n < shares.length; n++) {
      credit[n] = credit[n]! + shares[n]!.percent;
      if (credit[n]! > credit[richest]!) richest = n;
    }
    credit[richest] = credit[richest]! - total;
    order.push(shares[richest]!.key);
  }
  return order;
}
