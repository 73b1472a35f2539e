import { typeToken } from "./keys.ts";
import type { Change, ResourceType } from "./port.ts";

const changesMax = 1_000;

interface Ring {
  readonly changes: Change[];
  /** Changes up to this revision are forgotten. */
  floor: number;
}

/**
 * The last changes, so that a watch can resume. Kept per kind, lest a busy kind expires the watches of a quiet one.
 */
export class History {
  private readonly rings = new Map<string, Ring>();
  private floor = Number.POSITIVE_INFINITY;

  /** Forgets everything; only watches from `revision` on can resume. */
  restart(revision: number): void {
    this.rings.clear();
    this.floor = revision;
  }

  record(change: Change): void {
    const token = typeToken(change.entry.id);
    const ring = this.rings.get(token) ?? { changes: [], floor: this.floor };
    this.rings.set(token, ring);
    ring.changes.push(change);
    if (ring.changes.length > changesMax) ring.floor = ring.changes.shift()?.revision ?? ring.floor;
  }

  /** The changes after `revision` in order, or undefined when some of them are forgotten. */
  after(revision: number, type: Partial<ResourceType>): Change[] | undefined {
    if (revision < this.floor) return undefined;
    const found: Change[] = [];
    for (const ring of this.rings.values()) {
      const id = ring.changes[0]?.entry.id;
      if (!id || (type.plural !== undefined && (id.plural !== type.plural || id.group !== (type.group ?? id.group)))) {
        continue;
      }
      if (revision < ring.floor) return undefined;
      found.push(...ring.changes.filter((change) => change.revision > revision));
    }
    return found.sort((a, b) => a.revision - b.revision);
  }
}
