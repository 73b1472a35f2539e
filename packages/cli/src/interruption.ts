import type { Context } from "./context.ts";

/** What a server says when it is told to end. */
export const closingText = "finishing what is in hand; once more to end at once";

/** Resolves at the first SIGINT or SIGTERM. */
export function interruption({ interrupted }: Pick<Context, "interrupted">): Promise<void> {
  if (interrupted.aborted) return Promise.resolve();
  return new Promise((resolve) => interrupted.addEventListener("abort", () => resolve(), { once: true }));
}
