const keysDefault = 20_000;

/**
 * A memory of keys, of the last `keysMin` at least and twice as many at most: old ones are forgotten by the
 * generation, because dropping them one by one from the front of a Set costs more the longer it runs.
 */
export class SettledKeys {
  private readonly keysMin: number;
  private young = new Set<string>();
  private old = new Set<string>();

  constructor(keysMin = keysDefault) {
    this.keysMin = keysMin;
  }

  add(key: string): void {
    this.young.add(key);
    if (this.young.size < this.keysMin) return;
    this.old = this.young;
    this.young = new Set();
  }

  has(key: string): boolean {
    return this.young.has(key) || this.old.has(key);
  }
}
