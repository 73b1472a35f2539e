/** Milliseconds of the machine's monotonic clock, which all processes and containers share. */
export function machineNow(): number {
  return Number(process.hrtime.bigint()) / 1e6;
}
