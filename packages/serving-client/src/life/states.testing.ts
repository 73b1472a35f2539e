import { workloadOf } from "../workload.testing.ts";
import type { Workload } from "../workload.ts";
import { nextAlarm } from "./next-alarm.ts";
import type { Effect, Input } from "./serving-draft.ts";
import { absent, type ServingState } from "./serving-state.ts";
import { step } from "./states.ts";

/** A state machine under test, with its own time. */
export class Bench {
  state: ServingState;
  now = 0;

  constructor(workload: Partial<Workload> = {}) {
    this.state = absent(workloadOf(workload));
  }

  feed(input: Input): readonly Effect[] {
    const next = step(this.state, input, this.now);
    this.state = next.state;
    return next.effects;
  }

  kinds(input: Input): string[] {
    return this.feed(input).map((it) => (it.kind === "change" ? it.change : it.kind));
  }

  ready(id: number): readonly Effect[] {
    return this.feed({ kind: "listening", id, startMs: 40 });
  }

  exit(id: number): readonly Effect[] {
    return this.feed({ kind: "exited", id, message: "exited with code 1", chance: 0.5 });
  }

  /** A file was saved just now. */
  save(path = "index.js"): Input {
    return { kind: "recycle", paths: [path], changedAt: this.now };
  }

  states(): string[] {
    return this.state.instances.map((it) => `${it.id} ${it.kind}`);
  }

  /** One that is asked for and serves, with a lease that came back. */
  idle(): this {
    this.feed({ kind: "acquire" });
    this.ready(1);
    this.feed({ kind: "released", id: 1 });
    return this;
  }

  /** Goes to a time, with all alarms that are due until then; gives what they brought about. */
  until(at: number): string[] {
    const seen: string[] = [];
    for (let next = nextAlarm(this.state, this.now); next !== undefined && next <= at; ) {
      this.now = next;
      seen.push(...this.kinds({ kind: "alarm" }).map((kind) => `${kind} at ${Math.round(this.now)}`));
      next = nextAlarm(this.state, this.now);
    }
    this.now = at;
    return seen;
  }
}
