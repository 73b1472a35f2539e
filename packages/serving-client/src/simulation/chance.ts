/** Numbers in [0, 1) that are the same in every run with the same seed (a linear congruence, its low bits dropped). */
export function seeded(seed: number): () => number {
  let state = BigInt(seed) * 2n + 1n;
  return () => {
    state = BigInt.asUintN(64, state * 6364136223846793005n + 1442695040888963407n);
    return Number(state >> 32n) / 2 ** 32;
  };
}

/** A time from an exponential distribution. */
export function exponential(meanMs: number, chance: number): number {
  return -meanMs * Math.log(1 - chance);
}
