import { MessageWindow } from "./message-window.ts";

/** The most a lane lets be under way at once. */
const laneWindowMax = 256;

/** A lane lets fewer be under way where messages are so large that {@link laneWindowMax} of them exceed this. */
const laneWindowBytesMax = 32 * 1024 * 1024;

/** The most messages under way of a trigger that is not known (any more). */
export const strangerWindowMax = 32;

/** Above the number of messages that may wait for their not-before time in one lane. */
export const laneAckPendingMax = 20_000;

/** What bounds how many messages of a trigger are under way at once. */
export interface LaneBounds {
  readonly maxInFlight: number;
  /** Its attempts fail, one after the other. */
  readonly failing: boolean;
}

/** How many messages a lane may hold at once, whatever its target's slots are. */
export class LaneWindow {
  private readonly size = new MessageWindow(laneWindowMax, laneWindowBytesMax);

  /** A message was handed out. */
  taken(message: { readonly data: Uint8Array }): void {
    this.size.taken(message);
  }

  /** The most it may hold: one where attempts fail. */
  most({ failing, maxInFlight }: LaneBounds): number {
    return failing ? 1 : Math.min(this.size.messages, maxInFlight);
  }
}

/** How many more slots a lane that holds so many messages can use. */
export function usableSlots({ failing, maxInFlight }: LaneBounds, held: number): number {
  // Where attempts fail, more slots would only fail more events at once.
  return failing ? 0 : Math.max(0, maxInFlight - held);
}
