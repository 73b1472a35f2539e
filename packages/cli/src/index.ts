export type { CommandDefinition, OptionDefinition } from "./command.ts";
export type { Context, Output } from "./context.ts";
export { type ExitCode, exitCodes } from "./exit-codes.ts";
export { createTimelineRenderer, type TimelineRenderer } from "./render/timeline.ts";
export { rouse, runRouse } from "./rouse.ts";
