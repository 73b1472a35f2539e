/** What the lanes that lead to one target have of its slots, added up. */
interface Sums {
  members: number;
  /** Those that have messages waiting. */
  hungry: number;
  /** Messages in the hands of the hungry. */
  held: number;
  /** Messages asked for that are known to come. */
  reserved: number;
}

/**
 * How the lanes of one broker share the free slots of their targets: the slots that one lane has asked messages for are
 * not there for another, and of what is left each lane with messages gets an equal part. Whatever a change costs, it
 * does not depend on the number of lanes.
 */
export class SlotShares {
  private readonly targets = new Map<string, Sums>();

  /** Free slots of the target that lanes have asked messages for. */
  reserved(target: string): number {
    return this.targets.get(target)?.reserved ?? 0;
  }

  /** A part for one more lane; without a target until {@link SlotShare.lead}. */
  join(): SlotShare {
    return new SlotShare(this.targets);
  }
}

/** What one lane has of its target's slots. */
export class SlotShare {
  private readonly targets: Map<string, Sums>;
  private target: string | undefined;
  private sums: Sums | undefined;
  private held = 0;
  private waiting = 0;
  private granted = 0;
  private reserved = 0;

  constructor(targets: Map<string, Sums>) {
    this.targets = targets;
  }

  /** The lane leads there now; undefined: nowhere any more. */
  lead(target: string | undefined): void {
    if (target === this.target) return;
    this.withdraw();
    const { sums, targets } = this;
    if (sums && --sums.members === 0 && this.target !== undefined) targets.delete(this.target);
    this.target = target;
    this.sums = target === undefined ? undefined : this.sumsOf(target);
    if (this.sums) this.sums.members++;
    this.granted = 0;
    this.enter();
  }

  /** So many messages are in the lane's hands, and so many more wait for it. */
  set(held: number, waiting: number): void {
    this.withdraw();
    this.held = held;
    this.waiting = waiting;
    this.enter();
  }

  /**
   * How many messages the lane may hold, those in its hands included: at least one, so that somebody asks a target that
   * is cold, down or full how it is, and at most `most`.
   */
  grant(free: number, most: number): number {
    const { sums } = this;
    this.withdraw();
    const available = sums ? Math.max(0, free - sums.reserved) : free;
    let wanted = this.held + available;
    if (sums && sums.members > 1) {
      wanted = this.waiting === 0 ? this.held : this.fair(sums, available);
    }
    this.granted = Math.max(1, Math.min(most, wanted));
    this.enter();
    return this.granted;
  }

  /** An equal part of all that lanes with messages have or may have, and of the rest what the others do not lack. */
  private fair(others: Sums, available: number): number {
    const theirs = others.held + others.reserved;
    const part = Math.floor((theirs + this.held + available) / (others.hungry + 1));
    const lacking = Math.max(0, part * others.hungry - theirs);
    const rest = Math.max(0, available - lacking);
    return Math.max(this.held + rest, Math.min(this.held + available, part));
  }

  /** The lane asks for nothing now. */
  pass(): void {
    this.withdraw();
    this.granted = 0;
    this.enter();
  }

  private sumsOf(target: string): Sums {
    let sums = this.targets.get(target);
    if (!sums) {
      sums = { members: 0, hungry: 0, held: 0, reserved: 0 };
      this.targets.set(target, sums);
    }
    return sums;
  }

  private withdraw(): void {
    const { sums } = this;
    if (!sums) return;
    sums.reserved -= this.reserved;
    if (this.waiting === 0) return;
    sums.hungry--;
    sums.held -= this.held;
  }

  private enter(): void {
    const { sums } = this;
    this.reserved = Math.min(Math.max(0, this.granted - this.held), this.waiting);
    if (!sums) return;
    sums.reserved += this.reserved;
    if (this.waiting === 0) return;
    sums.hungry++;
    sums.held += this.held;
  }
}
