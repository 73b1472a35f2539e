import type { Clock, Timer } from "@rouse/base";
import type { Register } from "../store/register.ts";

/** Why a process asks: all places are taken, or it cannot run such a program. */
export type Want = "MaxScaleReached" | "RunsElsewhere";

/** What {@link WantBoard} is made of. */
export interface WantBoardParts {
  readonly register: Register;
  readonly clock: Clock;
  /** Of this process. */
  readonly id: string;
  /** Told of services that another process wants and gets no place for. */
  readonly wanted: (key: string, why: Want) => void;
}

/** An event is put into its lane before or after the refusal, within moments. */
const firstMs = 100;
/** A service for which everything is taken is asked for again and again. */
const everyMs = 2_000;

/** How a process that may start nothing tells the others that events wait for a service: a record for each. Lossy; lanes are swept anyway. */
export class WantBoard {
  private readonly parts: WantBoardParts;
  private readonly pending = new Map<string, Timer>();
  private readonly saidAt = new Map<string, number>();
  private readonly stop: () => void;
  private readonly openedAt: number;

  constructor(parts: WantBoardParts) {
    this.parts = parts;
    this.openedAt = parts.clock.monotonic();
    this.stop = parts.register.onChange(({ key, seenAt, value }) => {
      if (!key.startsWith("want.") || value === undefined || value.by === parts.id) return;
      const [, namespace, name] = key.split(".");
      if (seenAt >= this.openedAt)
        parts.wanted(`${namespace}/${name}`, value.why === "RunsElsewhere" ? "RunsElsewhere" : "MaxScaleReached");
    });
  }

  /** Asks the others; cheap, may be called often. */
  readonly want = (key: string, why: Want): void => {
    if (this.pending.has(key)) return;
    const { clock } = this.parts;
    const sinceMs = clock.monotonic() - (this.saidAt.get(key) ?? -Infinity);
    const delayMs = Math.max(firstMs, everyMs - sinceMs);
    this.pending.set(
      key,
      clock.setTimer(delayMs, () => {
        this.pending.delete(key);
        this.say(key, why);
      }),
    );
  };

  close(): void {
    for (const timer of this.pending.values()) timer.cancel();
    this.pending.clear();
    this.stop();
  }

  private say(key: string, why: Want): void {
    const { clock, id, register } = this.parts;
    const now = clock.monotonic();
    for (const [each, at] of this.saidAt) if (now - at > everyMs) this.saidAt.delete(each);
    this.saidAt.set(key, now);
    const name = `want.${key.replace("/", ".")}`;
    // Refused: another process said it at this moment, which is as good.
    void register.put(name, { by: id, why }, register.get(name)?.revision ?? 0).catch(() => undefined);
  }
}
