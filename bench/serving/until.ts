import { setTimeout as sleep } from "node:timers/promises";

const usualPatienceMs = 30_000;
const lookEveryMs = 5;

/** Looks every few milliseconds until there is something. Throws when there is nothing for that long. */
export async function until<T>(
  what: string,
  look: () => Promise<T>,
  patienceMs = usualPatienceMs,
): Promise<NonNullable<T>> {
  const began = performance.now();
  while (performance.now() - began < patienceMs) {
    const seen = await look();
    if (seen) return seen;
    await sleep(lookEveryMs);
  }
  throw new Error(`waited ${patienceMs} ms until ${what}`);
}
