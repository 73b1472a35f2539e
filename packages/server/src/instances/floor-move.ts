/** What one process sees of the floor slots of a service. */
export interface FloorView {
  readonly minScale: number;
  /** How many each live process holds. */
  readonly holders: ReadonlyMap<string, number>;
  /** Of this process. */
  readonly id: string;
  /** How many of this process's are numbered beyond the minimum, since that was lowered. */
  readonly beyond: number;
  readonly ableHere: boolean;
  /** Live processes that can run it, whether this one is among them or not. */
  readonly able: readonly string[];
}

/** What it does next. `later`: takes a slot if it is still free after a while, in which others may take it. */
export type FloorMove =
  | { readonly kind: "rest" | "take" | "later" | "release" }
  | { readonly kind: "take-from"; readonly host: string };

/**
 * One move towards `minScale` slots held, spread over those who can run the service. A process takes up to its share at
 * once, and more only when nobody else did; one with none takes from one with two or more, so that a process that joins
 * gets its part. Holding is otherwise left as it is: an instance is not moved for the sake of balance.
 */
export function floorMove({ minScale, holders, id, beyond, ableHere, able }: FloorView): FloorMove {
  const own = holders.get(id) ?? 0;
  const total = [...holders.values()].reduce((sum, each) => sum + each, 0);
  if (beyond > 0 || (own > 0 && !ableHere)) return { kind: "release" };
  if (!ableHere) return { kind: "rest" };
  if (total < minScale) {
    const share = Math.ceil(minScale / Math.max(1, new Set([...able, id]).size));
    return { kind: own < share ? "take" : "later" };
  }
  if (own > 0) return { kind: "rest" };
  const [host, most] = [...holders].sort((a, b) => b[1] - a[1] || (a[0] < b[0] ? -1 : 1))[0] ?? ["", 0];
  return most >= 2 ? { kind: "take-from", host } : { kind: "rest" };
}
