/**
 * Something that turns what happens elsewhere into events of a sink. States: idle → running → closed.
 * Whoever made it starts it once and disposes it once; disposing finishes what is in hand, takes nothing new and leaves
 * no timer or connection behind. Failures of the sink or the outside are reported in the status, never thrown.
 */
export interface Source<Status> extends AsyncDisposable {
  /** Begins to work and returns at once; calling it again, or after disposal, does nothing. */
  start(): void;
  /** What is so at this moment; cheap, computed when asked. */
  status(): Status;
}

/** Where a source is in its life. */
export type SourcePhase = "idle" | "running" | "paused" | "closed";

/** The last thing that went wrong and was not followed by a success. */
export interface SourceTrouble {
  /** Milliseconds since the epoch. */
  readonly at: number;
  readonly message: string;
}
