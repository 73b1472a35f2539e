/** What was read from a quantity, or what was expected instead. */
export type QuantityRead =
  | { readonly kind: "value"; readonly value: number }
  | { readonly kind: "invalid"; readonly expected: string; readonly hint?: string | undefined };

/** A quantity as documents have it: YAML reads `0.5` as a number and `500m` as a text. */
export type Quantity = string | number;

const suffixes: Readonly<Record<string, number>> = {
  n: 1e-9,
  u: 1e-6,
  m: 1e-3,
  "": 1,
  k: 1e3,
  M: 1e6,
  G: 1e9,
  T: 1e12,
  P: 1e15,
  E: 1e18,
  Ki: 2 ** 10,
  Mi: 2 ** 20,
  Gi: 2 ** 30,
  Ti: 2 ** 40,
  Pi: 2 ** 50,
  Ei: 2 ** 60,
};

/** Engines share CPU time out in periods of 100 ms, of which they give no less than one. */
const cpusMin = 0.01;

/** Engines refuse less: what starts a container needs some memory itself. */
const memoryMin = 6 * 2 ** 20;

const cpuExpected = "a number of CPUs such as 500m or 0.5, at least 10m";
const memoryExpected = "a number of bytes such as 512Mi or 1G, at least 6Mi";
const unlimitedHint = "leave it out for no limit";

/** The number that a Kubernetes quantity (`125m`, `0.5`, `512Mi`, `1G`, `1e3`) stands for; undefined when it is none. */
export function quantityOf(text: Quantity): number | undefined {
  const match = /^\+?(\d+\.?\d*|\.\d+)(?:([numkMGTPE]|[KMGTPE]i)|[eE]([+-]?\d{1,3}))?$/.exec(String(text));
  if (match === null) return undefined;
  const [, digits = "", suffix = "", exponent = "0"] = match;
  const value = Number(`${digits}e${exponent}`) * suffixes[suffix]!;
  return Number.isFinite(value) ? value : undefined;
}

/** CPUs, to the thousandth as Kubernetes counts them, rounded up. */
export function cpusOf(text: Quantity): QuantityRead {
  const value = quantityOf(text);
  if (value === undefined) return { kind: "invalid", expected: cpuExpected, hint: suffixHint(text) };
  if (value === 0) return { kind: "invalid", expected: cpuExpected, hint: unlimitedHint };
  const cpus = Math.ceil(Number((value * 1_000).toPrecision(12))) / 1_000;
  return cpus < cpusMin ? { kind: "invalid", expected: cpuExpected } : { kind: "value", value: cpus };
}

/** Bytes, rounded up. */
export function memoryBytesOf(text: Quantity): QuantityRead {
  const value = quantityOf(text);
  if (value === undefined) return { kind: "invalid", expected: memoryExpected, hint: suffixHint(text) };
  const bytes = Math.ceil(value);
  if (Number.isSafeInteger(bytes) && bytes >= memoryMin) return { kind: "value", value: bytes };
  return { kind: "invalid", expected: memoryExpected, hint: memoryHint(String(text), bytes) };
}

function memoryHint(text: string, bytes: number): string | undefined {
  if (bytes === 0) return unlimitedHint;
  if (text.endsWith("m")) return `"m" is a thousandth; write ${text}`.replace(/m$/, "Mi");
  const likely = /^\d+$/.test(text) && bytes * 2 ** 20 >= memoryMin;
  return likely && bytes < memoryMin ? `for mebibytes write ${text}Mi` : undefined;
}

/** People write `512MB`, `512mb` and `1g`, as other programs have it. */
function suffixHint(text: Quantity): string | undefined {
  const match = /^(\d+(?:\.\d+)?)\s*([kmgt])(i?)b?$/i.exec(String(text));
  if (match === null) return undefined;
  const [, digits, letter = "", binary] = match;
  const suffix = letter.toUpperCase() + (binary === "" ? "" : "i");
  return `write ${digits}${suffix === "K" ? "k" : suffix}`;
}
