/** How long and how often {@link awaitCondition} looks. */
export interface AwaitOptions {
  /** Default 10,000. */
  readonly withinMs?: number;
  /** Default 20. */
  readonly everyMs?: number;
  /** What to show when the time is over. */
  readonly evidence?: () => unknown;
}

const evidenceMax = 2_000;

/** Resolves when `holds` does; rejects when it does not in time, with the evidence. What it throws counts as "not yet". */
export async function awaitCondition(
  what: string,
  holds: () => boolean | Promise<boolean>,
  options: AwaitOptions = {},
): Promise<void> {
  const { withinMs = 10_000, everyMs = 20, evidence } = options;
  const end = performance.now() + withinMs;
  let last: unknown;
  for (;;) {
    try {
      if (await holds()) return;
      last = undefined;
    } catch (failure) {
      last = failure;
    }
    if (performance.now() > end) break;
    await pause(everyMs);
  }
  const shown = evidence ? `; ${(JSON.stringify(await evidence()) ?? "nothing").slice(0, evidenceMax)}` : "";
  throw new Error(`expected within ${withinMs} ms: ${what}${shown}`, { cause: last });
}

/** Resolves with the value as soon as there is one. */
export async function awaitValue<T>(
  what: string,
  read: () => T | undefined | Promise<T | undefined>,
  options: AwaitOptions = {},
): Promise<T> {
  let value: T | undefined;
  const found = async () => {
    value = await read();
    return value !== undefined;
  };
  await awaitCondition(what, found, options);
  return value as T;
}

/** Lets time pass: for load, and for what is expected not to happen. */
export function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}
