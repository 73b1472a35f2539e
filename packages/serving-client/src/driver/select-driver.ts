import type { Driver, Program } from "./driver.ts";

/** One driver for each kind of program. */
export type DriversByKind = Readonly<Record<Program["kind"], Driver>>;

/** A driver that passes each program on to the one of its kind. Who made those disposes them. */
export function selectDriver(drivers: DriversByKind): Driver {
  return {
    launch: (order, observer) => drivers[order.workload.program.kind].launch(order, observer),
    prepare: (program) => drivers[program.kind].prepare?.(program),
  };
}
