/** Failures in a row after which nothing is delivered directly and the lane sends one at a time. */
export const failuresMax = 3;

/** What this process knows of how one trigger is doing. */
export interface TriggerState {
  /** Direct attempts under way. */
  direct: number;
  /** Failed attempts in a row. */
  failures: number;
  /** An attempt took so long that it was spilled, and none was accepted since. */
  slow: boolean;
  /** How long direct attempts took lately, milliseconds, smoothed; 0 before the first has ended. */
  answerMs: number;
}

/** Takes the duration of an attempt that ended into account. */
export function noteAnswer(state: TriggerState, tookMs: number): void {
  state.answerMs = state.answerMs === 0 ? tookMs : 0.9 * state.answerMs + 0.1 * tookMs;
}

/** The states of all triggers that were delivered to, by uid. */
export class TriggerStates {
  private readonly states = new Map<string, TriggerState>();

  of(uid: string): TriggerState {
    let state = this.states.get(uid);
    if (!state) {
      state = { direct: 0, failures: 0, slow: false, answerMs: 0 };
      this.states.set(uid, state);
    }
    return state;
  }

  forget(uid: string): void {
    this.states.delete(uid);
  }
}
