import type { Clock, Timer } from "@rouse/base";
import type { Register, RegisterRecord } from "../store/register.ts";
import { type HostFacts, type HostRecord, hostGroup, hostKey, hostOf, toValue } from "./host-record.ts";

/** What {@link Peers} is made of. */
export interface PeersParts {
  readonly register: Register;
  readonly clock: Clock;
  /** Of this process; unique among all that ever were. */
  readonly id: string;
  /** How long a process that says nothing counts as alive. */
  readonly leaseMs: number;
  readonly facts: () => HostFacts;
  /** Whether the process of an identity can be seen to have ended. Never rejects. */
  readonly hasEnded: (identity: string) => Promise<boolean>;
}

const soonMs = 250;
const retryMs = 1_000;

/**
 * Who is there. Each process writes its record anew every third of the lease; whoever has seen a record unchanged for
 * a whole lease, by the monotonic clock of its own and with the storage there all that time, removes it at the revision
 * that it saw. From then on the process counts as dead, and what it holds may be taken; one that was only stopped, or cut
 * off, finds its record gone and comes back. What a process holds needs no refreshing of its own. The record of one that can
 * be seen to have ended is removed in the same way, without waiting for the lease.
 */
export class Peers implements AsyncDisposable {
  readonly id: string;
  private readonly parts: PeersParts;
  private readonly listeners = new Set<() => void>();
  private readonly stops: (() => void)[];
  private readonly watching = new Map<string, Timer>();
  private beat: Timer | undefined;
  private beating: Promise<void> | undefined;
  private again = false;
  private soon: Timer | undefined;
  private beatAt = 0;
  /** Since when this process has watched the others without a pause of its own. */
  private awakeSince: number;
  private closed = false;

  constructor(parts: PeersParts) {
    this.parts = parts;
    this.id = parts.id;
    this.awakeSince = parts.clock.monotonic();
    this.beatAt = this.awakeSince;
    const { register } = parts;
    this.stops = [
      register.onChange((record) => this.noticed(record)),
      register.onUp(() => {
        this.refresh();
        this.watchAll();
      }),
    ];
    this.watchAll();
    this.refresh();
  }

  /** Resolves to whether the others can see that this process lives; what is being written just now is waited for. */
  async joined(): Promise<boolean> {
    if (!this.present) await this.beating;
    return this.present;
  }

  private get present(): boolean {
    return this.parts.register.get(hostKey(this.id))?.value !== undefined;
  }

  /** The live processes, this one among them once it is stored. */
  all(): readonly HostRecord[] {
    return this.parts.register
      .list(hostGroup)
      .map(hostOf)
      .filter((host) => host !== undefined);
  }

  /** Whether a process seems dead, by the copy: it may be a new one whose record has not been shown yet. */
  dead(id: string): boolean {
    return id !== this.id && this.parts.register.get(hostKey(id))?.value === undefined;
  }

  /** Whether a process that is named somewhere is dead: its record was there before its name was anywhere. */
  async confirmDead(id: string): Promise<boolean> {
    const record = await this.parts.register.read(hostKey(id));
    return id !== this.id && record?.value === undefined;
  }

  /** Says soon what changed in this process; cheap, may be called often. */
  changed(): void {
    if (this.closed) return;
    this.soon ??= this.parts.clock.setTimer(soonMs, () => {
      this.soon = undefined;
      this.refresh();
    });
  }

  /** Calls `listener` after a process came, went or said something new; returns the way to stop. */
  onChange(listener: () => void): () => void {
    this.listeners.add(listener);
    return () => void this.listeners.delete(listener);
  }

  /** Says goodbye, so that nobody has to wait for the lease. */
  async [Symbol.asyncDispose](): Promise<void> {
    if (this.closed) return;
    this.closed = true;
    this.beat?.cancel();
    this.soon?.cancel();
    for (const timer of this.watching.values()) timer.cancel();
    for (const stop of this.stops) stop();
    await this.beating;
    const { register } = this.parts;
    const record = register.get(hostKey(this.id));
    // Left behind when NATS is away; the lease then ends it.
    if (record?.value !== undefined) await register.remove(record.key, record.revision).catch(() => false);
  }

  private refresh(): void {
    if (this.closed) return;
    if (this.beating) this.again = true;
    else this.beating = this.write();
  }

  private async write(): Promise<void> {
    const { clock, facts, leaseMs, register } = this.parts;
    const key = hostKey(this.id);
    do {
      this.again = false;
      this.beat?.cancel();
      this.noteAwake();
      // Refused: it was declared dead, or an earlier write whose answer was lost is there. The copy shows which.
      for (let tries = 0; tries < 2; tries++) {
        const revision = register.get(key)?.revision ?? 0;
        const stored = await register.put(key, toValue(facts()), revision).catch(() => null);
        if (stored !== undefined) break;
      }
    } while (this.again && !this.closed);
    this.beating = undefined;
    if (this.closed) return;
    this.beatAt = clock.monotonic();
    this.beat = clock.setTimer(leaseMs / 3, () => this.refresh());
  }

  /** A process that stood still has not heard the others meanwhile, and must not judge them by that time. */
  private noteAwake(): void {
    const now = this.parts.clock.monotonic();
    if (now - this.beatAt > (this.parts.leaseMs * 2) / 3) this.awakeSince = now;
  }

  private noticed(record: RegisterRecord): void {
    if (!record.key.startsWith(`${hostGroup}.`)) return;
    if (record.key === hostKey(this.id)) {
      if (record.value === undefined) this.refresh();
    } else {
      this.watch(record);
    }
    for (const listener of [...this.listeners]) listener();
  }

  private watchAll(): void {
    for (const record of this.parts.register.list(hostGroup)) {
      if (record.key !== hostKey(this.id)) this.watch(record);
    }
  }

  private watch(record: RegisterRecord): void {
    this.watching.get(record.key)?.cancel();
    this.watching.delete(record.key);
    if (record.value === undefined || this.closed) return;
    this.lookAgain(record.key, this.lapsesAt(record) - this.parts.clock.monotonic());
    void this.see(record);
  }

  private async see(record: RegisterRecord): Promise<void> {
    const process = hostOf(record)?.process ?? "";
    if (process === "" || !(await this.parts.hasEnded(process))) return;
    if (this.parts.register.since !== undefined && !this.closed) await this.remove(record);
  }

  private lookAgain(key: string, delayMs = retryMs): void {
    const look = this.parts.clock.setTimer(Math.max(1, delayMs), () => {
      this.watching.delete(key);
      void this.judge(key);
    });
    this.watching.set(key, look);
  }

  private lapsesAt({ seenAt }: RegisterRecord): number {
    const { leaseMs, register } = this.parts;
    return Math.max(seenAt, register.since ?? 0, this.awakeSince) + leaseMs;
  }

  private async judge(key: string): Promise<void> {
    const { clock, register } = this.parts;
    this.noteAwake();
    const record = register.get(key);
    // While the storage is away nobody is judged; `onUp` begins anew.
    if (record?.value === undefined || register.since === undefined || this.closed) return;
    if (clock.monotonic() < this.lapsesAt(record)) return this.watch(record);
    await this.remove(record);
  }

  private async remove({ key, revision }: RegisterRecord): Promise<void> {
    const removed = await this.parts.register.remove(key, revision).catch(() => false);
    if (removed) this.bury(key.slice(hostGroup.length + 1));
    // Refused because it lives: the copy has shown that, and the next look is set. Otherwise the storage failed.
    else if (!this.closed && !this.watching.has(key)) this.lookAgain(key);
  }

  /** What the dead held is given back at once, so that those who wait for it hear of it. */
  private bury(host: string): void {
    const { register } = this.parts;
    for (const { key, revision, value } of register.all()) {
      if (value?.host === host) void register.remove(key, revision).catch(() => false);
    }
  }
}
