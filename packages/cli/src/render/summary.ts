import type { Totals } from "../dev/tally.ts";
import { renderMs } from "./span.ts";

/** What happened, in two lines. */
export function renderSummary(totals: Totals): string {
  const { events, deliveries, replies, retries, dead, duplicates, thawed, warm, coldMs } = totals;
  const parts = [
    count(events, "event"),
    count(deliveries, "delivery", "deliveries"),
    count(replies, "reply", "replies"),
  ];
  const odd = [
    ...(duplicates > 0 ? [count(duplicates, "duplicate")] : []),
    ...(retries > 0 ? [count(retries, "retry", "retries")] : []),
    count(dead, "dead letter"),
  ];
  const starts =
    coldMs.length === 0
      ? "no cold start"
      : `${count(coldMs.length, "cold delivery", "cold deliveries")}, woken in ${renderMs(median(coldMs))} (median)`;
  const others = [...(thawed > 0 ? [`${thawed} thawed`] : []), `${warm} warm`];
  return `${[...parts, ...odd].join(", ")}\n${starts}; ${others.join(", ")}\n`;
}

function count(number: number, one: string, many = `${one}s`): string {
  return `${number} ${number === 1 ? one : many}`;
}

function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = Math.floor(sorted.length / 2);
  return sorted.length % 2 === 1 ? sorted[middle]! : (sorted[middle - 1]! + sorted[middle]!) / 2;
}
