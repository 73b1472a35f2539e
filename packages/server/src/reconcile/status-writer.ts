import { type Clock, messageOf } from "@rouse/base";
import {
  type Condition,
  type ConditionChange,
  type ConditionSet,
  initialConditions,
  updateCondition,
} from "@rouse/resources";
import type { Logger } from "pino";
import type { Entry, Json, JsonObject, Store } from "../store/port.ts";

/** What a reconciler says of an object: its conditions, and the fields beside them. */
export interface StatusReport {
  readonly conditionSet: ConditionSet;
  readonly conditions: readonly ConditionChange[];
  /** Fields of the status; `undefined` removes one. Fields not named stay as they are. */
  readonly fields: Readonly<Record<string, Json | undefined>>;
}

/**
 * Writes statuses behind the reconcilers' backs: one write at a time for each object, the newest report wins, nothing is
 * written when nothing changed. A write that fails because the storage is away is repeated with the object's next report
 * and after the storage is back.
 */
export class StatusWriter {
  private readonly waiting = new Map<string, { entry: Entry; report: StatusReport }>();
  private readonly writing = new Map<string, Promise<void>>();
  private readonly store: Store;
  private readonly clock: Clock;
  private readonly logger: Logger;
  private readonly redact: <T>(value: T) => T;

  /** @param redact takes values of Secrets out of what is written. */
  constructor(store: Store, clock: Clock, logger: Logger, redact: <T>(value: T) => T = (value) => value) {
    this.store = store;
    this.clock = clock;
    this.logger = logger;
    this.redact = redact;
  }

  report(entry: Entry, report: StatusReport): void {
    this.waiting.set(entry.uid, { entry, report });
    if (!this.writing.has(entry.uid)) this.begin(entry.uid);
  }

  /** Resolves when everything reported so far is written or has failed. */
  async settled(): Promise<void> {
    while (this.writing.size > 0) await Promise.all(this.writing.values());
  }

  private begin(uid: string): void {
    const next = this.waiting.get(uid);
    if (!next) return void this.writing.delete(uid);
    this.waiting.delete(uid);
    const written = this.write(next.entry, next.report).then(() => this.begin(uid));
    this.writing.set(uid, written);
  }

  private async write(entry: Entry, report: StatusReport): Promise<void> {
    try {
      await this.store.updateStatus(entry.id, entry.uid, (present) => this.next(entry, present, report));
    } catch (failure) {
      this.logger.warn({ object: entry.id, reason: messageOf(failure) }, "a status could not be written");
    }
  }

  private next(entry: Entry, present: JsonObject | undefined, report: StatusReport): JsonObject {
    const now = this.clock.now();
    const metadata = entry.object.metadata as { generation?: number } | undefined;
    let conditions =
      (present?.conditions as unknown as readonly Condition[]) ?? initialConditions(report.conditionSet, now);
    for (const change of this.redact(report.conditions))
      conditions = updateCondition(report.conditionSet, conditions, change, now);
    return {
      ...present,
      ...this.redact(report.fields),
      observedGeneration: metadata?.generation ?? 1,
      conditions: conditions as unknown as Json,
    };
  }
}

/** A condition that holds. */
export function holds(type: string): ConditionChange {
  return { type, status: "True" };
}

/** A condition that does not, with why. */
export function fails(type: string, reason: string, message: string): ConditionChange {
  return { type, status: "False", reason, message };
}
