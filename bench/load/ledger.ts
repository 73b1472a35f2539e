/** What was sent, accepted and delivered, by the number of the event. Times are `performance.now()` of this process. */
export class Ledger {
  private sentAt = new Float64Array(1 << 16);
  private accepted = new Uint8Array(1 << 16);
  private arrived = new Uint8Array(1 << 16);
  private latency = new Float32Array(1 << 16);
  private next = 0;
  private fan = 1;

  /** Events accepted since the beginning. */
  acceptedCount = 0;
  /** Deliveries since the beginning, repeats not counted. */
  deliveredCount = 0;
  /** Deliveries that came more than once. */
  repeated = 0;
  /** Deliveries of events that were never sent, or to where they must not go. */
  strays = 0;

  /** Numbers so far; the next one is this. */
  get count(): number {
    return this.next;
  }

  /** How many deliveries each event must cause; from here on. */
  expect(fan: number): void {
    this.fan = fan;
  }

  /** A new number. */
  take(): number {
    const number = this.next++;
    if (number >= this.sentAt.length) this.grow();
    return number;
  }

  sent(number: number, at: number): void {
    this.sentAt[number] = at;
  }

  answered(number: number): void {
    this.accepted[number] = 1;
    this.acceptedCount++;
  }

  /** A delivery on the path of trigger `place`, from 0. */
  delivered(number: number, place: number, at: number): void {
    if (!(number >= 0 && number < this.next) || !(place >= 0 && place < this.fan)) {
      this.strays++;
      return;
    }
    const bit = 1 << place;
    if (this.arrived[number]! & bit) {
      this.repeated++;
      return;
    }
    this.arrived[number]! |= bit;
    this.deliveredCount++;
    if (this.latency[number] === 0) this.latency[number] = at - this.sentAt[number]!;
  }

  /** Accepted events from `first` on that have not gone everywhere they must. */
  missing(first: number): number {
    const all = (1 << this.fan) - 1;
    let missing = 0;
    for (let number = first; number < this.next; number++) {
      if (this.accepted[number] === 1 && this.arrived[number] !== all) missing++;
    }
    return missing;
  }

  /** Milliseconds from sending to the first delivery, of the events of a range that arrived, in rising order. */
  latencies(first: number, end: number): Float32Array {
    return this.latency
      .slice(first, end)
      .filter((value) => value > 0)
      .sort();
  }

  private grow(): void {
    const size = this.sentAt.length * 2;
    this.sentAt = enlarged(this.sentAt, new Float64Array(size));
    this.latency = enlarged(this.latency, new Float32Array(size));
    this.accepted = enlarged(this.accepted, new Uint8Array(size));
    this.arrived = enlarged(this.arrived, new Uint8Array(size));
  }
}

function enlarged<T extends Float64Array | Float32Array | Uint8Array>(from: T, into: T): T {
  into.set(from);
  return into;
}
