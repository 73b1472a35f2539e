import { messageOf } from "@rouse/base";
import type { ProgramKind } from "./host-record.ts";

/** Whether this process can run containers. */
export type ContainerState =
  | { readonly kind: "available" }
  | { readonly kind: "unavailable"; readonly message: string; readonly hint: string };

/** What is known of the container engine: nothing is asked before a container is wanted, and until the answer it counts as there. */
export class ContainerWatch {
  private readonly ask: () => ContainerState | Promise<ContainerState>;
  private readonly told: () => void;
  private wanted = false;
  private asking = false;
  private state: ContainerState = { kind: "available" };

  constructor(ask: () => ContainerState | Promise<ContainerState>, told: () => void) {
    this.ask = ask;
    this.told = told;
  }

  /** What is known; asks when this is the first time. */
  get current(): ContainerState {
    if (!this.wanted) {
      this.wanted = true;
      void this.look();
    }
    return this.state;
  }

  get kinds(): readonly ProgramKind[] {
    return this.state.kind === "available" ? ["process", "container"] : ["process"];
  }

  /** Asks again, if it was ever asked. */
  async look(): Promise<void> {
    if (!this.wanted || this.asking) return;
    this.asking = true;
    const before = this.state.kind;
    try {
      this.state = await this.ask();
    } catch (thrown) {
      this.state = { kind: "unavailable", message: messageOf(thrown), hint: "see the log of the container engine" };
    } finally {
      this.asking = false;
    }
    if (this.state.kind !== before) this.told();
  }
}
