import { type Figure, isMet, median, targets } from "./figure.ts";
import { type Machine, machineLine } from "./machine.ts";

/** Where figures go as they come. */
export interface Report {
  begin(what: string): void;
  add(figures: readonly Figure[]): void;
  fail(what: string, failure: unknown): void;
  /** It cannot be measured here. */
  skip(what: string, why: string): void;
  /** Prints what is left to print. */
  end(): void;
}

/** One JSON object a line on stdout; progress and failures on stderr. */
export function jsonReport(machine: Machine): Report {
  return {
    begin: (what) => console.error(`${what} …`),
    add(figures) {
      for (const { name, runs, unit } of figures) {
        console.log(JSON.stringify({ name, median: rounded(median(runs)), unit, runs: runs.map(rounded), machine }));
      }
    },
    fail: (what, failure) => console.error(`${what} FAILED: ${reasonOf(failure)}`),
    skip: (what, why) => console.error(notMeasured(what, why)),
    end: () => undefined,
  };
}

/** A table for people: what is promised, what came, and below each the figures that explain it. */
export function tableReport(machine: Machine, runs: number): Report {
  const missed: string[] = [];
  const failed: string[] = [];
  const skipped: string[] = [];
  let measured = false;
  console.log(`${machineLine(machine)}; median of ${runs}\n`);
  console.log(row("figure", "median", "lowest", "highest", "target", ""));
  return {
    begin: (what) => void (process.stderr.isTTY && process.stderr.write(`\r\x1b[K${what} …`)),
    add(figures) {
      if (process.stderr.isTTY) process.stderr.write("\r\x1b[K");
      measured = true;
      for (const figure of figures) {
        const met = isMet(figure);
        if (met === false) missed.push(figure.name);
        const shown = [median(figure.runs), Math.min(...figure.runs), Math.max(...figure.runs)].map(shortly);
        const name = met === undefined ? `  ${figure.name}` : figure.name;
        const verdict = met === undefined ? "" : met ? "met" : "MISSED";
        console.log(row(name, `${shown[0]} ${figure.unit}`, shown[1]!, shown[2]!, targetText(figure.name), verdict));
      }
    },
    fail(what, failure) {
      failed.push(what);
      console.log(`${what}: FAILED: ${reasonOf(failure)}`);
    },
    skip(what, why) {
      skipped.push(what);
      console.log(notMeasured(what, why));
    },
    end() {
      if (skipped.length > 0) console.log(`\nnot measured: ${skipped.join(", ")}`);
      if (missed.length > 0) console.log(`\nmissed: ${missed.join(", ")}`);
      if (failed.length > 0) console.log(`\nfailed: ${failed.join(", ")}`);
      else if (measured) console.log("\nlost = 0 in every run");
    },
  };
}

function notMeasured(what: string, why: string): string {
  return `${what}: NOT MEASURED: ${why}`;
}

function row(name: string, middle: string, low: string, high: string, target: string, verdict: string): string {
  const cells = [name.padEnd(52), middle.padStart(16), low.padStart(9), high.padStart(9), target.padStart(8), verdict];
  return cells.join("  ").trimEnd();
}

function targetText(name: string): string {
  const target = targets[name];
  if (!target) return "";
  return `${target.kind === "at-least" ? "≥" : "≤"} ${target.value}`;
}

function shortly(value: number): string {
  if (Math.abs(value) >= 100) return value.toFixed(0);
  return value.toFixed(Math.abs(value) >= 10 ? 1 : 2);
}

function rounded(value: number): number {
  return Number(value.toPrecision(5));
}

function reasonOf(failure: unknown): string {
  return failure instanceof Error ? failure.message : String(failure);
}
